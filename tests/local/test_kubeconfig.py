"""Several kubeconfigs become one, as kubectl merges them; what comes out stands by itself."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.domain.kubeconfig import KubeconfigError, cluster_access
from local.kubeconfig import read, write


def entry(kind: str, name: str, **content: Any) -> dict[str, Any]:
    return {f"{kind}s": [{"name": name, kind: content}]}


def named(folder: Path, *contents: dict[str, Any]) -> str:
    """The contents as files in folders of their own, joined as in KUBECONFIG."""
    paths = []
    for number, content in enumerate(contents):
        path = folder / str(number) / "config"
        path.parent.mkdir()
        path.write_text(yaml.safe_dump(content))
        paths.append(str(path))
    return os.pathsep.join(paths)


def test_of_what_two_files_have_the_first_ones_counts(tmp_path: Path):
    both = named(
        tmp_path,
        entry("user", "u", token="first") | {"current-context": "here"},
        entry("user", "u", token="second")
        | entry("cluster", "c", server="https://c.example")
        | entry("context", "here", cluster="c", user="u", namespace="n")
        | {"current-context": "elsewhere"},
    )
    config = read(both)
    assert config["current-context"] == "here"
    access = cluster_access(config)
    assert (access.server, access.token) == ("https://c.example", "first")


def test_only_what_the_context_needs_is_kept(tmp_path: Path):
    content = {
        "current-context": "here",
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in ("there", "here")],
        "clusters": [{"name": n, "cluster": {"server": f"https://{n}.example"}} for n in ("there", "here")],
        "users": [{"name": n, "user": {"token": f"secret-of-{n}"}} for n in ("there", "here")],
    }
    assert "there" not in json.dumps(read(named(tmp_path, content)))


def test_paths_count_from_their_own_file(tmp_path: Path):
    plugin = {"command": "bin/login", "args": ["a/b"]}
    both = named(
        tmp_path,
        entry("user", "u", **{"client-certificate": "c.pem", "client-key": "/abs/k.pem", "tokenFile": "t"}, exec=plugin),
        entry("cluster", "c", **{"server": "https://c.example", "certificate-authority": "ca.pem"})
        | entry("context", "here", cluster="c", user="u")
        | {"current-context": "here"},
    )  # fmt: skip
    access = cluster_access(read(both))
    assert access.client_cert_file == str(tmp_path / "0/c.pem")
    assert access.client_key_file == "/abs/k.pem"
    assert access.token_file == str(tmp_path / "0/t")
    assert access.ca_file == str(tmp_path / "1/ca.pem")
    assert access.exec_plugin
    assert (access.exec_plugin.command, access.exec_plugin.args) == (str(tmp_path / "0/bin/login"), ("a/b",))


def test_a_plugin_without_a_folder_is_looked_for_in_the_path(tmp_path: Path):
    content = entry("user", "u", exec={"command": "aws"}) | entry("cluster", "c", server="https://c.example")
    content |= entry("context", "here", cluster="c", user="u") | {"current-context": "here"}
    plugin = cluster_access(read(named(tmp_path, content))).exec_plugin
    assert plugin
    assert plugin.command == "aws"


def test_of_several_files_those_that_are_not_there_are_passed_over(tmp_path: Path):
    content = entry("cluster", "c", server="https://c.example") | entry("context", "here", cluster="c")
    there = named(tmp_path, content | {"current-context": "here"})
    assert cluster_access(read(f"/no/such{os.pathsep}{there}{os.pathsep}")).server == "https://c.example"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "current-context is not set"),
        ({"current-context": "x"}, "no context named 'x'"),
        (entry("context", "x", cluster="c") | {"current-context": "x"}, "no cluster named 'c'"),
        ({"current-context": "x", "contexts": [{"name": "x", "context": None}]}, "no context named 'x'"),
        ({"current-context": "x", "contexts": "x"}, "no context named 'x'"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, content, told):
    with pytest.raises(KubeconfigError, match=told):
        read(named(tmp_path, content))


@pytest.mark.parametrize("text", ["[", "- a", "\x00"])
def test_what_is_no_kubeconfig_is_named(tmp_path: Path, text):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError, match=str(path)):
        read(str(path))
    with pytest.raises(KubeconfigError, match="No such file"):
        read(f"{path}.gone")
    with pytest.raises(KubeconfigError, match="none of"):
        read(f"{path}.gone{os.pathsep}{path}.too")


def test_what_is_written_is_private(tmp_path: Path):
    path = tmp_path / "kubeconfig"
    path.touch(mode=0o644)
    write({"users": []}, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"users": []}
