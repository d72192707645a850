"""``loom config``: where each setting comes from, contexts, and changes to the file."""

import stat
from pathlib import Path

import pytest

from tests.loom.stand_in import TOKEN

FILE = """\
# mine
url = "https://default.example"  # the usual one
token = "token-of-the-default-context"
other = "kept"

[contexts.work]
url = "https://work.example"
token = "token-of-the-work-context"

[contexts."with space"]
url = "https://space.example"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".config" / "loom" / "config.toml"


@pytest.fixture
def bare(env: dict[str, str], file: Path) -> dict[str, str]:
    """The environment of a user with FILE, and nothing in the environment."""
    file.parent.mkdir(parents=True)
    file.write_text(FILE)
    return {name: value for name, value in env.items() if not name.startswith("LOOM_")}


def rows(text: str) -> dict[str, tuple[str, str]]:
    """By setting: its value and its source."""
    lines = [line.split("\t") for line in text.splitlines()]
    return {name: (value, source) for name, value, source in lines}


def test_flags_then_environment_then_file(run, bare):
    shown = rows(run("config", env=bare).stdout)
    assert shown["context"] == ("default", "default")
    assert shown["url"] == ("https://default.example", "context default")
    assert shown["token"] == ("set, ends in text", "context default")
    assert shown["contexts"][0] == "default work with space"
    named = {**bare, "LOOM_CONTEXT": "work"}
    assert rows(run("config", env=named).stdout)["url"] == ("https://work.example", "context work")
    given = {**named, "LOOM_URL": "https://variable.example", "LOOM_TOKEN": "short"}
    shown = rows(run("config", env=given).stdout)
    assert shown["url"] == ("https://variable.example", "LOOM_URL")
    assert shown["token"] == ("set", "LOOM_TOKEN")
    assert shown["context"] == ("work", "LOOM_CONTEXT")
    shown = rows(run("config", "--url", "https://flag.example", "--token", TOKEN, env=given).stdout)
    assert shown["url"] == ("https://flag.example", "--url")
    assert shown["token"] == ("set, ends in test", "--token")


@pytest.mark.parametrize("arguments", [["--context", "work", "config"], ["config", "--context", "work"]])
def test_a_context_that_is_asked_for_goes_before_the_environment(run, bare, arguments):
    given = {**bare, "LOOM_URL": "https://variable.example", "LOOM_TOKEN": TOKEN, "LOOM_CONTEXT": "nonsense"}
    shown = rows(run(*arguments, env=given).stdout)
    assert shown["context"] == ("work", "--context")
    assert shown["url"] == ("https://work.example", "context work")
    assert shown["token"] == ("set, ends in text", "context work")


def test_the_context_of_the_api_that_is_asked(run, bare, file, api):
    file.write_text(f'current = "here"\n[contexts.here]\nurl = "{api.url}"\ntoken = "{TOKEN}"\n')
    assert run("ps", "-q", env=bare).stdout == "a1b2c3d4\n"
    assert api.asked[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_table_on_a_terminal(on_terminal):
    loom = on_terminal("config", cols=200)
    assert loom.ends() == 0
    header, *lines = loom.rest().splitlines()
    assert header.split() == ["SETTING", "VALUE", "FROM"]
    assert lines[2].split() == ["token", "set,", "ends", "in", "test", "LOOM_TOKEN"]


@pytest.mark.parametrize(
    ("arguments", "content", "told"),
    [
        (["--context", "wrok", "ps"], FILE, "--context 'wrok': {file} has no such context; did you mean work?"),
        (["config", "use", "wrok"], FILE, "the context 'wrok': {file} has no such context; did you mean work?"),
        (["ps"], 'current = "x"', "current in the file 'x': {file} has no such context; it has: none"),
        (["ps"], "current = 7", "{file}: current must be a string in quotes"),
        (["ps"], "contexts = 7", "{file}: contexts are written as tables: [contexts.NAME]"),
        (["ps"], "[contexts.a]\nurl = 7", "{file}: contexts.a.url must be a string in quotes"),
        (
            ["ps"],
            '[contexts.default]\nurl = "x"',
            "{file}: the context default stands at the top of the file, without [contexts.default]",
        ),
        (
            ["ps"],
            '[contexts.a]\nurl = "https://a.example"',
            "which API? Give --context, or choose one with: loom config use NAME; there are: a",
        ),
        (
            ["--context", "with space", "ps"],
            FILE,
            'no token in the context with space: give --token, set LOOM_TOKEN or write token = "..." into {file}',
        ),
        (["config", "set", "url", "ftp://x"], FILE, "'ftp://x' is not a URL such as https://loom.example.com"),
        (["config", "set", "url"], FILE, "which URL? give it as: loom config set url https://loom.example.com"),
        (["config", "set", "token"], FILE, "no token was given"),
        (
            ["config", "set", "token", "secret"],
            FILE,
            "a token given so would stay in the shell's history; without it, loom asks, or reads stdin",
        ),
        (
            ["config", "set", "url", "https://x.example", "--context", "a b"],
            FILE,
            "the context 'a b': a name has letters, digits, - and _",
        ),
        (
            ["config", "set", "url", "https://x.example", "--context", "a"],
            'contexts = {a = {url = "https://a.example"}}\n',
            "{file} is written in a way that loom cannot edit; change it by hand",
        ),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(run, bare, file, arguments, content, told):
    file.write_text(content)
    result = run(*arguments, env=bare)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"loom: {told.format(file=file)}\n"
    assert file.read_text() == content


def test_path(run, bare, file):
    assert run("config", "path", env=bare).stdout == f"{file}\n"
    assert run("config", "path", env={**bare, "LOOM_CONFIG": "/elsewhere.toml"}).stdout == "/elsewhere.toml\n"


def test_use_changes_one_line(run, bare, file):
    result = run("config", "use", "work", env=bare)
    assert (result.returncode, result.stderr) == (0, "loom: the context work is used from now on\n")
    assert file.read_text() == FILE.replace("# mine\n", '# mine\ncurrent = "work"\n')
    assert rows(run("config", env=bare).stdout)["context"] == ("work", "current in the file")
    assert run("config", "use", "default", env=bare).returncode == 0
    assert file.read_text() == FILE.replace("# mine\n", '# mine\ncurrent = "default"\n')


def test_set_keeps_what_else_is_in_the_file(run, bare, file):
    assert run("config", "set", "url", "https://new.example/", "--context", "work", env=bare).returncode == 0
    assert file.read_text() == FILE.replace("https://work.example", "https://new.example")
    assert run("config", "set", "url", "https://third.example", "--context", "third", env=bare).returncode == 0
    assert file.read_text().endswith('\n[contexts.third]\nurl = "https://third.example"\n')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_first_file_is_private(on_terminal, run, env, file):
    assert run("config", "set", "url", "https://new.example", env={"HOME": env["HOME"]}).returncode == 0
    assert file.read_text() == 'url = "https://new.example"\n'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_a_token_is_asked_for_without_showing_it(on_terminal, file):
    loom = on_terminal("config", "set", "token")
    loom.expect("token: ")
    loom.type(b"loom_typed-by-hand\r")
    assert loom.ends() == 0
    assert "typed" not in loom.rest()
    assert file.read_text() == 'token = "loom_typed-by-hand"\n'


def test_a_link_to_the_file_stays_one(run, bare, file, tmp_path):
    target = tmp_path / "dotfiles.toml"
    file.rename(target)
    file.symlink_to(target)
    assert run("config", "use", "work", env=bare).returncode == 0
    assert file.is_symlink()
    assert 'current = "work"' in target.read_text()
