"""What a client may ask for when it creates a weaver: one pydantic model, made valid here and trusted afterwards."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chalicelib.domain import lifetime
from chalicelib.domain.cluster_settings import NAME as CLUSTER_NAME
from chalicelib.domain.errors import InvalidLifetime, InvalidRequest
from chalicelib.domain.pod_spec import LABEL_VALUE, repo_directory
from chalicelib.domain.quantity import quantity

ModelT = TypeVar("ModelT", bound=BaseModel)

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
_ID_LIKE: Final = re.compile(r"[0-9a-f-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # the last are C1: terminals obey them too
#: What `git check-ref-format` refuses in ``refs/heads/<branch>``, and white space of any kind.
_NO_BRANCH: Final = re.compile(r"[\s~^:?*\[\\]|\.\.|@\{|^@$|(^|/)\.|\.lock(/|$)|\.$|^/|/$|//")
_TAG: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?")
#: Bytes of the environment, and of command or args: they share the kernel's limit, and the pod has to fit into the API server.
_MAX_BYTES: Final = 64 * 1024
#: Bytes of all tags: they are in every list, and a DynamoDB item holds 400 KiB.
_MAX_TAG_BYTES: Final = 8 * 1024


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


def _image(text: str) -> str:
    if re.search(r"\s", text) or text.startswith("-"):
        raise ValueError("must be an image reference such as registry/name:tag")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be at most 40 lower-case letters, digits and '-', beginning with a letter")
    if _ID_LIKE.fullmatch(text):
        raise ValueError("must not look like an id: use a letter after f")
    return text


def _cluster(text: str) -> str:
    if not CLUSTER_NAME.fullmatch(text):
        raise ValueError("must be at most 40 lower-case letters, digits and '-', beginning with a letter")
    return text


def _org_id(text: str) -> str:
    if not LABEL_VALUE.fullmatch(text):
        raise ValueError("must be at most 63 letters, digits and -_.")
    return text


def _branch(text: str) -> str:
    if text.startswith("-"):
        raise ValueError("must not begin with '-'")
    if _NO_BRANCH.search(text):
        raise ValueError("is not a name that git allows (git check-ref-format)")
    return text


def _workdir(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("must be an absolute path")
    return text


def _repo(text: str) -> str:
    try:
        url = urlsplit(text)
        has_host = bool(url.hostname) and url.port != 0  # a port that is none raises here
    except ValueError:
        raise ValueError("must be an https URL") from None  # the cause repeats the host, and credentials with it
    if url.scheme not in ("https", "http") or not has_host:
        raise ValueError("must be an https URL")
    if url.username is not None or url.password is not None:
        raise ValueError("must not carry credentials")
    if url.query or url.fragment or re.search(r"[\s\"'`$\\]", text) or not repo_directory(text):
        raise ValueError("must be the https URL of a repository")
    return text


def _env_names(env: dict[str, str]) -> dict[str, str]:
    for name in env:
        told = repr(name.partition("=")[0][:60])  # behind an = that slipped in stands a value
        if not _ENV_NAME.fullmatch(name):
            raise ValueError(f"{told} is not a name for an environment variable")
        if name.upper().startswith("LOOM_"):
            raise ValueError(f"{told}: names that begin with LOOM_ are reserved")
    _bounded(env.items())
    return env


def _words(words: list[str]) -> list[str]:
    _bounded([words])
    return words


def _bounded(parts: Iterable[Iterable[str]], most: int = _MAX_BYTES) -> None:
    if sum(len(text.encode()) for part in parts for text in part) > most:
        raise ValueError(f"must not exceed {most} bytes in all")


def _tags(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not _TAG.fullmatch(key) or len(key) > 63:
            raise ValueError(f"{key[:70]!r}: keys are at most 63 letters, digits and -_./")
        if len(value) > 256 or _CONTROL.search(value):
            raise ValueError(f"{key!r}: values are at most 256 characters without control characters")
    _bounded(tags.items(), _MAX_TAG_BYTES)
    return tags


def _memory(text: str) -> str:
    if not 16 * 2**20 <= quantity(text) <= 2**40:
        raise ValueError("must be from 16Mi to 1Ti")
    return text


def _cpu(text: str) -> str:
    if not 0.01 <= quantity(text) <= 256:
        raise ValueError("must be from 10m to 256")
    return text


def _shown(pattern: str, **schema: Any) -> Any:
    """Puts into the JSON schema what a function above checks in its own words; not all of it can be said there."""
    return Field(json_schema_extra={"pattern": pattern, **schema})


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=512), AfterValidator(_plain), _shown(r"^[^\x00-\x1f\x7f-\x9f]+$")
]
Argument = Annotated[str, StringConstraints(max_length=16_384), AfterValidator(_no_nul), _shown(r"^[^\x00]*$")]
Words = Annotated[list[Argument], Field(max_length=256), AfterValidator(_words)]
EnvName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    _shown(r"^(?![Ll][Oo][Oo][Mm]_)[A-Za-z_][A-Za-z0-9_]*$"),
]
TagName = Annotated[Text, _shown(r"^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$", maxLength=63)]
TagValue = Annotated[str, _shown(r"^[^\x00-\x1f\x7f-\x9f]*$", maxLength=256)]
Image = Annotated[Text, AfterValidator(_image), _shown(r"^[^-\s\x00-\x1f\x7f-\x9f][^\s\x00-\x1f\x7f-\x9f]*$")]
OrgId = Annotated[
    Text, AfterValidator(_org_id), _shown(r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$", maxLength=63)
]
Repo = Annotated[
    str,
    StringConstraints(max_length=2048),
    AfterValidator(_plain),
    AfterValidator(_repo),
    _shown(r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00-\x1f\x7f-\x9f\"'`$\\@?#/]+/[^\s\x00-\x1f\x7f-\x9f\"'`$\\?#]+$"),
]
Branch = Annotated[
    Text,
    StringConstraints(max_length=250),
    AfterValidator(_branch),
    _shown(
        r"^(?!-|@$|.*(\.\.|@\{|//|/\.|\.lock/|\.lock$|[./]$)|[./])[^\s\x00-\x1f\x7f-\x9f~^:?*\[\\]+$", maxLength=250
    ),
]
Name = Annotated[
    str, AfterValidator(_name), _shown("^(?![0-9a-f-]+$)[a-z]([-a-z0-9]{0,38}[a-z0-9])?$", minLength=1, maxLength=40)
]
Cluster = Annotated[
    str, AfterValidator(_cluster), _shown("^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$", minLength=1, maxLength=40)
]
_QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|m|k|M|G|T)?$"
Memory = Annotated[Text, AfterValidator(_memory), _shown(_QUANTITY, maxLength=24)]
Cpu = Annotated[Text, AfterValidator(_cpu), _shown(_QUANTITY, maxLength=24)]
Workdir = Annotated[Text, AfterValidator(_workdir), _shown(r"^/[^\x00-\x1f\x7f-\x9f]*$")]
#: Checked by :func:`chalicelib.domain.lifetime.checked_hours`. True is no number of hours.
Hours = Annotated[
    float, Field(strict=True, json_schema_extra={"minimum": lifetime.MIN_HOURS, "maximum": lifetime.MAX_HOURS})
]


#: Of every model of a request's body.
REQUEST_BODY: Final = ConfigDict(extra="forbid", frozen=True)


class ResourceLimits(BaseModel):
    """Limits of the weaver container."""

    model_config = REQUEST_BODY

    memory_limit: Memory = Field("16Gi", description="From 16Mi to 1Ti, as a Kubernetes quantity.")
    cpu_limit: Cpu | None = Field(None, description="From 10m to 256 cores, as a Kubernetes quantity; none without it.")


class CreateRequest(BaseModel):
    """What to make. Nothing is required."""

    model_config = REQUEST_BODY

    image: Image | None = Field(None, description="The container image; the server's default without it.")
    org_id: OrgId | None = Field(None, description="The org it belongs to; your personal one without it.")
    cluster: Cluster | None = Field(None, description="The cluster where its pod is to run, of those in `/health`.")
    repo: Repo | None = Field(None, description="The https URL of a git repository, without credentials.")
    branch: Branch | None = Field(None, description="A branch or tag of the repository.")
    env: Annotated[dict[EnvName, Argument], Field(max_length=100), AfterValidator(_env_names)] = Field(
        {}, description="Variables, 64 KiB in all; write-only, never shown again."
    )
    tags: Annotated[dict[TagName, TagValue], Field(max_length=32), AfterValidator(_tags)] = Field(
        {}, description="At most 32, 8 KiB in all."
    )
    name: Name | None = Field(None, description="Unique among your living weavers.")
    lifetime_hours: Hours = Field(lifetime.DEFAULT_HOURS, description="Hours from now, fractions allowed.")
    command: Words = Field(
        [], description="What runs instead of the image's main process, as Kubernetes has it; 64 KiB in all."
    )
    args: Words = Field([], description="Its arguments, as Kubernetes has them; 64 KiB in all.")
    workdir: Workdir | None = Field(None, description="The absolute path where the shell is to start.")
    resources: ResourceLimits = Field(ResourceLimits(), description="Limits of the weaver's container.")
    attach: Literal["driver"] | None = Field(
        None, description="Asks for a ticket in the answer, as `attach`: a terminal needs no second request then."
    )


def parse_create_request(body: Mapping[str, Any], *, allow_http: bool = False) -> CreateRequest:
    """``body`` as a valid request. Raises InvalidRequest or InvalidLifetime, naming the field.

    ``allow_http`` lets repositories be cloned without TLS: for the laptop edition.
    """
    request = validated(CreateRequest, body)
    lifetime.checked_hours(request.lifetime_hours)
    if request.repo and urlsplit(request.repo).scheme == "http" and not allow_http:
        raise InvalidRequest("repo: must be an https URL", field="repo")
    if request.branch and not request.repo:
        raise InvalidRequest("branch: needs a repo to be a branch of", field="branch")
    return request


def validated(model: type[ModelT], body: Mapping[str, Any]) -> ModelT:
    """``body`` as ``model``. Raises InvalidRequest (InvalidLifetime for that field) with the first error's field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = _field_path(first["loc"])
        kind = InvalidLifetime if field == "lifetime_hours" else InvalidRequest
        message = first["msg"].removeprefix("Value error, ")
        raise kind(f"{field}: {message}", field=field) from None  # the cause would carry the values


def _field_path(loc: tuple[int | str, ...]) -> str:
    """Where in the body: keys that a client chose are left out, they may be secrets typed in the wrong place."""
    known = [str(part) for part in loc if isinstance(part, int) or str(part).isidentifier()]
    return ".".join(known[:2]) or "body"
