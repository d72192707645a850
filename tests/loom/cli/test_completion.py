"""Completion: what is offered where, and real shells that offer it at a Tab."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loom.conftest import Run
from tests.loom.pseudo_terminal import PseudoTerminal
from tests.loom.stand_in import WEAVER, Answer, refusal

#: How each shell is started without anybody's settings; zsh and fish are driven where they are installed.
SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--no-config"]}
LOAD = {
    "bash": "source <(loom completion bash)",
    "zsh": "autoload -U compinit; compinit -D -u; source <(loom completion zsh)",
    "fish": "loom completion fish | source",
}
INSTALLED = [shell for shell in SHELLS if shutil.which(shell)]


def asked(run: Run, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """``loom __complete``, again where this machine was too busy for its limit of one second."""
    for _ in range(10):
        result = run("__complete", *arguments, **more)
        if result.returncode != 1:
            break
    return result


@pytest.fixture
def offered(run):
    """The words offered for the last of some words."""

    def offered(*words: str, **more: object) -> list[str]:
        result = asked(run, "words", *words, **more)
        assert (result.returncode, result.stderr) == (0, "")
        return [line.partition("\t")[0] for line in result.stdout.splitlines()]

    return offered


def test_commands(offered):
    assert offered("") == [
        *("new", "attach", "ps", "describe", "extend", "delete", "rm", "cleanup"),
        *("weaver", "config", "completion", "version"),
    ]
    assert offered("de") == ["describe", "delete"]
    assert offered("weaver", "a") == ["attach"]
    assert offered("config", "") == ["path", "use", "set"]
    assert offered("config", "set", "") == ["url", "token"]
    assert offered("completion", "") == ["bash", "zsh", "fish"]


def test_options(offered):
    assert offered("ps", "--o") == ["--org", "--owner"]
    assert offered("--con") == ["--context"]
    assert offered("new", "--con") == ["--context"]
    assert {"--repo", "--json", "--help"} <= set(offered("new", "-"))
    assert offered("ps", "--status", "r") == ["running"]
    assert offered("ps", "--status=r") == ["--status=running"]
    assert offered("new", "--repo", "") == []
    assert offered("new", "--repo=") == []
    assert offered("new", "--nonsense=") == []


def test_weavers_are_offered_where_one_is_named(offered, api):
    assert offered("attach", "") == ["otter", "a1b2c3d4"]
    assert offered("weaver", "attach", "o") == ["otter"]
    assert offered("--url", api.url, "attach", "a") == ["a1b2c3d4"]
    assert offered("attach", "otter", "") == []
    assert offered("rm", "otter", "") == ["a1b2c3d4"]
    assert offered("extend", "o") == offered("describe", "o") == ["otter"]
    assert offered("extend", "otter", "") == []
    assert offered("new", "") == []
    assert offered("new", "--", "") == []
    terminating = {**WEAVER, "status": "terminating"}
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [terminating], "next_cursor": None}))
    assert offered("attach", "") == []
    nameless = {**WEAVER, "name": None}
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [nameless], "next_cursor": None}))
    assert offered("delete", "--json", "") == ["a1b2c3d4"]


def test_descriptions_go_with_the_words(run):
    assert asked(run, "words", "attach", "").stdout == "otter\tpending a1b2c3d4\na1b2c3d4\tpending otter\n"


def test_contexts_of_the_file(offered, env):
    file = Path(env["HOME"], "config.toml")
    file.write_text('url = "http://x"\n[contexts.work]\n[contexts.wild]\n')
    env = {**env, "LOOM_CONFIG": str(file)}
    assert offered("--context", "w", env=env) == ["work", "wild"]
    assert offered("ps", "--context=wo", env=env) == ["--context=work"]
    assert offered("config", "use", "", env=env) == ["default", "work", "wild"]


def test_a_context_on_the_line_is_asked(offered, env, api):
    file = Path(env["HOME"], "config.toml")
    file.write_text(f'[contexts.work]\nurl = "{api.url}"\ntoken = "t"\n')
    bare = {"HOME": env["HOME"], "LOOM_CONFIG": str(file)}
    assert offered("--context", "work", "attach", "o", env=bare) == ["otter"]
    assert offered("--context=work", "attach", "o", env=bare) == ["otter"]
    assert offered("attach", "o", env=bare) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("loom att", "attach"),
        ("loom attach o", "otter"),
        ("loom attach 'o", "otter"),
        ('loom attach "o', "otter"),
        ("loom new --tag team:x --status", ""),
        ("loom ps --tag a:b --status=r", "--status=running"),
        ("loom attach otter x\\", ""),
    ],
)
def test_lines_are_split_as_a_shell_does(run, line, words):
    assert asked(run, "line", line).stdout.partition("\t")[0] == words


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["line"], ["line", "a", "b"], ["line", ""], ["line", '"']])
def test_what_no_script_asks_is_no_error(run, arguments):
    result = run("__complete", *arguments)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("answer", [refusal(401, "unauthorized", "no"), Answer(502, b"<html>"), Answer(0)])
def test_nothing_is_offered_when_the_api_fails(run, api, answer):
    api.on("GET", "/api/weavers", answer)
    result = run("__complete", "words", "attach", "")
    assert (result.stdout, result.stderr) == ("", "")


def test_an_api_that_does_not_answer_is_not_waited_for(run, api):
    api.open.clear()
    started = time.monotonic()
    result = run("__complete", "words", "attach", "")
    assert time.monotonic() - started < 10  # the limit is 1 s; the machine may be busy
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
    api.open.set()


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_ask_at_every_tab(run, shell):
    result = run("completion", shell)
    assert (result.returncode, result.stderr) == (0, "")
    assert "loom __complete " in result.stdout
    assert "2>/dev/null" in result.stdout


@pytest.fixture
def in_shell(env):
    @contextmanager
    def in_shell(shell: str) -> Iterator[PseudoTerminal]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        user = {**env, "PATH": path, "INPUTRC": "/dev/null", "TERM": "dumb" if shell == "zsh" else "xterm"}
        with PseudoTerminal(SHELLS[shell], user, cols=120) as terminal:
            terminal.type(f"{LOAD[shell]}; echo lo''aded\r".encode())
            terminal.expect("loaded")
            yield terminal

    return in_shell


@pytest.mark.parametrize("shell", INSTALLED)
def test_a_tab_in_a_real_shell(in_shell, shell):
    with in_shell(shell) as terminal:
        terminal.type(b"loom att\t")
        terminal.expect("ach ")
        terminal.type(b"o\t")
        terminal.expect("otter")
        terminal.type(b"\x15")  # Ctrl+U: Ctrl+C would also throw away what is typed next
        terminal.type(b"loom ps --status=ru\t")
        terminal.expect("nning")
        terminal.type(b"\x15")
        terminal.type(b"loom delete \t\t")
        terminal.expect("a1b2c3d4")
