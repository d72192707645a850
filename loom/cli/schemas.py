"""What commands print with ``--json``, as JSON Schema 2020-12. Nothing here is imported by a command; the reference is made from it.

Promised: what is ``required`` is there. New properties may come; a program ignores what it does not know.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = Mapping[str, Any]


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _text_or_null(description: str) -> Schema:
    return {"type": ["string", "null"], "description": description}


def _time(description: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": f"{description}, RFC 3339 in UTC"}


def _object(description: str, properties: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {**properties, **(optional or {})},
        "required": [*properties],
    }


WEAVER: Final[Schema] = _object(
    "a weaver, as the API gives it",
    {
        "id": _text("its full id, a UUIDv7"),
        "short_id": _text("what people type: the last eight digits of the id"),
        "name": _text_or_null("the name it was given"),
        "pod_name": _text("the name of its pod in Kubernetes"),
        "status": {
            "enum": ["pending", "running", "succeeded", "failed", "terminating"],
            "description": "how far it is",
        },
        "reason": _text_or_null("why, in Kubernetes' word: ImagePullBackOff, Unschedulable, Expired"),
        "message": _text_or_null("why, in one line"),
        "stages": {
            "type": "object",
            "description": "when it was reserved, scheduled, pulled, cloned and ready, as far as it has come",
            "additionalProperties": _time("when"),
        },
        "image": _text("its container image"),
        "repo": _text_or_null("URL of the repository that was cloned"),
        "branch": _text_or_null("the branch or tag that was cloned"),
        "tags": {"type": "object", "description": "its tags", "additionalProperties": {"type": "string"}},
        "owner_user_id": _text("the user it belongs to"),
        "org_id": _text("the org it belongs to"),
        "cluster": _text("the cluster where its pod runs"),
        "created_at": _time("when it was asked for"),
        "expires_at": _time("when its lifetime ends"),
        "lifetime_hours": {"type": "number", "description": "hours from created_at to expires_at"},
        "resources": _object(
            "its limits",
            {
                "memory_limit": _text_or_null("a Kubernetes quantity"),
                "cpu_limit": _text_or_null("a Kubernetes quantity"),
            },
        ),
        "has_session": {"type": "boolean", "description": "whether its image runs loom session"},
    },
    {
        "ending": {
            "type": ["object", "null"],
            "description": "who or what decided that it ends; null while nobody has",
            "properties": {
                "by": _text_or_null("a user's id; null when it was no person"),
                "via": {
                    "enum": ["CLI", "Slack", "web", "CI", "API", "sweep", "cluster"],
                    "description": "through what",
                },
                "at": _time("when"),
            },
            "required": ["by", "via", "at"],
        },
        "ended_at": {**_text_or_null("when it ended, RFC 3339 in UTC"), "format": "date-time"},
    },
)

_PART: Final[Schema] = _object(
    "one part",
    {
        "version": _text_or_null("its version; null when it could not be asked"),
        "url": _text_or_null("where it was asked; null for what is not known, and for this program"),
        "error": _text_or_null("why there is no version"),
    },
)


def _setting(what: str) -> Schema:
    return _object(
        what,
        {
            "value": _text_or_null("null where it is not set; of a token, at most its last four characters"),
            "source": _text("where it came from: --url, LOOM_URL, context work, not set"),
        },
    )


#: By command.
SCHEMAS: Final[Mapping[str, Schema]] = {
    "new": WEAVER,
    "describe": WEAVER,
    "extend": WEAVER,
    "ps": {
        "type": "array",
        "description": "weavers, the newest first, those that have ended after the others; with --watch no list, but a weaver a line",
        "items": WEAVER,
    },
    "delete": _object(
        "what became of each of the weavers that were named",
        {
            "deleted": {
                "type": "array",
                "description": "full ids; with --wait, of those that are gone",
                "items": {"type": "string"},
            },
            "failed": {
                "type": "array",
                "items": _object(
                    "one that was not deleted",
                    {
                        "reference": _text("as it was named"),
                        "code": _text(
                            "the API's error code, such as weaver_not_found; unreachable, not_understood; "
                            "timeout: with --wait, it is not gone yet"
                        ),
                        "message": _text("why"),
                    },
                ),
            },
        },
    ),
    "cleanup": _object(
        "what the sweeps did, or with --dry-run would do",
        {
            "dry_run": {"type": "boolean", "description": "whether nothing was done"},
            "deleted_count": {"type": "integer", "description": "of how many weavers the end was decided"},
            "deleted_ids": {
                "type": "array",
                "description": "their full ids, of a large sweep not all",
                "items": {"type": "string"},
            },
            "more": {"type": "boolean", "description": "whether there is more to do than that"},
            "steps": {
                "type": "array",
                "description": "the steps, of a large sweep not all",
                "items": _object(
                    "one step",
                    {
                        "action": {
                            "enum": ["expire", "undo", "finish", "force", "look", "lost", "orphan", "repair"],
                            "description": "what is done",
                        },
                        "subject": _text("a weaver's full id, a pod's name or a counter"),
                        "why": _text("one line"),
                    },
                ),
            },
        },
    ),
    "config": _object(
        "what is configured",
        {
            "path": _text("the configuration file, which need not exist"),
            "contexts": {"type": "array", "description": "the contexts there are", "items": {"type": "string"}},
            "context": _setting("the context that is used"),
            "url": _setting("the API's URL"),
            "token": _setting("the token, masked"),
        },
    ),
    "version": _object("the versions of all parts", {"client": _PART, "server": _PART, "relay": _PART}),
}
