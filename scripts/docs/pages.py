"""Pages: what their directives ask for, and links that lead out of the site."""

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scripts.docs import commands, cost, decisions, http_api, json_output, settings

ROOT: Final = Path(__file__).parent.parent.parent
FOLDER: Final = ROOT / "docs"

#: What ``<!-- generated: NAME -->`` stands for.
GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands.reference,
    "json-output": json_output.reference,
    "control-plane-settings": settings.of_control_plane,
    "relay-settings": settings.of_relay,
    "weaver-environment": settings.of_weavers,
    "endpoints": http_api.endpoints,
    "create-fields": http_api.create_fields,
    "weaver-example": http_api.weaver_example,
    "error-codes": http_api.error_codes,
    "cost-summary": cost.summary,
    "cost-prices": cost.prices,
    "cost-usage": cost.usage,
    "cost-months": cost.months,
    "cost-levers": cost.levers,
    "decisions": lambda: decisions.index(FOLDER / "adr"),
}
_GENERATED: Final = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
#: A file of the repository, or a section of it: ``<!-- included: README.md, A tour -->``.
_INCLUDED: Final = re.compile(r"^<!-- included: ([^,\n]+?)(?:, ([^\n]+?))? -->$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")


class DocsError(Exception):
    """A page asks for something that is not there; the message names it."""


def filled(markdown: str, src_uri: str) -> str:
    """The text of the page ``src_uri`` (relative to docs/) with everything that its directives ask for. Raises DocsError."""
    base = posixpath.dirname(f"docs/{src_uri}")
    text = _within_site(markdown, base, base)
    text = _INCLUDED.sub(
        lambda match: _within_site(_included(match[1], match[2]), posixpath.dirname(match[1]), base), text
    )
    return _GENERATED.sub(lambda match: _generated(match[1]), text)


def _generated(name: str) -> str:
    if name not in GENERATED:
        raise DocsError(f"nothing generates {name!r}")
    return GENERATED[name]()


def _included(path: str, section: str | None) -> str:
    text = (ROOT / path).read_text()
    if section is None:
        return text
    match = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not match:
        raise DocsError(f"{path} has no section {section!r}")
    return match[1].strip() + "\n"


def _within_site(markdown: str, base: str, page_base: str) -> str:
    """Links, relative to ``base``, made relative to the page's folder; those that leave docs/ become the file's name."""

    def link(match: re.Match[str]) -> str:
        text, target, anchor = match[1], posixpath.normpath(posixpath.join(base, match[2])), match[3] or ""
        if target.startswith("docs/"):
            return f"[{text}]({posixpath.relpath(target, page_base)}{anchor})"
        return f"`{target}`" if text.strip("`") == target else f"{text} (`{target}` in the repository)"

    return _LINK.sub(link, markdown)
