"""MkDocs calls this for every page (mkdocs.yml, ``hooks``)."""

from typing import Any

from scripts.docs.pages import filled


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page as it is shown."""
    return filled(markdown, page.file.src_uri)
