"""The site is built as `make docs` builds it: strictly, and from nothing but this repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.docs.pages import FOLDER, ROOT, DocsError, filled


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_it_builds_and_fetches_nothing(tmp_path: Path):
    built = build(ROOT, tmp_path)
    assert built.returncode == 0, built.stderr
    pages = [*tmp_path.rglob("*.html")]
    assert {page.stem for page in FOLDER.glob("*.md")} <= {page.stem for page in pages}
    for page in (*pages, *(FOLDER.rglob("*.svg"))):
        fetched = re.findall(
            r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^>]*>|url\((?:https?:)?//",
            page.read_text(),
        )
        assert [each for each in fetched if 'rel="canonical"' not in each] == [], page


def test_a_link_that_leads_nowhere_fails(tmp_path: Path):
    shutil.copytree(FOLDER, tmp_path / "docs")
    shutil.copytree(ROOT / "scripts/docs", tmp_path / "scripts/docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs/guide.md").open("a") as page:
        page.write("\n[nowhere](nowhere.md) and [no heading](cli.md#loom-fly)\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    assert "nowhere.md" in built.stderr
    assert "loom-fly" in built.stderr


@pytest.mark.parametrize("page", sorted(path.name for path in FOLDER.glob("*.md")))
def test_lists_have_room(page: str):
    """Where a list follows a paragraph without an empty line, MkDocs shows dashes in running text; GitHub does not mind."""
    text = re.sub(r"^ *```.*?^ *```$", "", filled((FOLDER / page).read_text(), page), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?![-*] |\d+\. |[|#> ])[^\n]+\n(?=[-*] |\d+\. )", text, re.MULTILINE) == []


def test_every_screenshot_is_shown():
    shown = {name for page in FOLDER.glob("*.md") for name in re.findall(r"\(screenshots/([^)]+)\)", page.read_text())}
    assert shown == {path.name for path in (FOLDER / "screenshots").iterdir()}


def test_the_readme_is_included_as_it_stands():
    index = filled((FOLDER / "index.md").read_text(), "index.md")
    for block in re.findall(r"```console\n.*?```", (ROOT / "README.md").read_text(), re.DOTALL):
        assert block in index


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[the guide](guide.md#tags)", "[the guide](guide.md#tags)"),
        ("[the node](../local/README.md)", "the node (`local/README.md` in the repository)"),
        ("[`infra/kubernetes`](../infra/kubernetes)", "`infra/kubernetes`"),
        ("[git](https://git-scm.com) [below](#tags)", "[git](https://git-scm.com) [below](#tags)"),
    ],
)
def test_links_that_leave_the_site_name_the_file(markdown: str, shown: str):
    assert filled(markdown, "page.md") == shown


@pytest.mark.parametrize("directive", ["generated: nothing", "included: README.md, No such section"])
def test_a_directive_that_cannot_be_followed_fails(directive: str):
    with pytest.raises(DocsError):
        filled(f"<!-- {directive} -->", "page.md")
