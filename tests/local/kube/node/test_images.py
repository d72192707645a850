"""Image names, ``$(NAME)`` and paths: pure rules."""

import json
from pathlib import Path

import pytest

from local.kube import images
from local.kube.kubelet.expansion import environment, expand
from local.kube.runtime.plain import Substitution

RECORDINGS = Path(__file__).parents[3] / "recordings" / "kubernetes" / "pods"


@pytest.mark.parametrize(
    "name",
    [
        "bash",
        "bash:5",
        "library/bash",
        "ghcr.io/example/weaver-base:latest",
        "localhost:5000/x@sha256:" + "a" * 64,
        "registry.example:443/a/b-c__d.e:T_1",
        "invalid/x:1",
    ],
)
def test_an_image_that_is_there(name):
    assert images.resolve(name, frozenset()).entrypoint == ("/bin/bash",)


def test_an_image_with_loom():
    image = images.resolve("x/weaver:1", frozenset({"x/weaver:1"}))
    assert (image.entrypoint, image.has_loom) == (("loom", "session"), True)
    assert not images.resolve("x/weaver:2", frozenset({"x/weaver:1"})).has_loom


@pytest.mark.parametrize(
    "name", ["missing.invalid/x:1", "missing.invalid:5000/x", "a.b.invalid/x/y@sha256:" + "a" * 64]
)
def test_a_registry_that_never_resolves(name):
    with pytest.raises(images.PullFailed, match="no such host"):
        images.resolve(name, frozenset())


def test_what_a_failed_pull_says():
    found = json.loads((RECORDINGS / "err-image-pull.json").read_text())["pod"]["status"]["containerStatuses"][0]
    with pytest.raises(images.PullFailed) as failed:
        images.resolve("missing.invalid/x:1", frozenset())
    assert str(failed.value) == found["state"]["waiting"]["message"].replace(" on 10.96.0.10:53", "")


@pytest.mark.parametrize("name", ["", "Not A/Valid:image:name", "UPPER", "a b", "x:", "-x", "x@sha256:1", "x/y:z:w"])
def test_what_is_no_image_name(name):
    with pytest.raises(images.InvalidImageName, match="invalid reference format"):
        images.resolve(name, frozenset())


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("$(A)$(B)", "12"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(NONE)", "$(NONE)"),
        ("$A $", "$A $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$$", "$"),
        ("a$$$$b", "a$$b"),
    ],
)
def test_expansion(text, expanded):
    """The table of k8s.io/kubernetes ``third_party/forked/golang/expansion``, in short."""
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_a_variable_sees_those_before_it_and_values_from_elsewhere_stay():
    variables = [("A", "$(B)", True), ("B", "$(A)$(PATH)", True), ("C", "$(A)", False), ("D", "$(C)", True)]
    assert environment(variables) == {"A": "$(B)", "B": "$(B)$(PATH)", "C": "$(A)", "D": "$(A)"}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("/workspace", "/host/w"),
        ("cd /workspace/repo && ls '/tmp'", "cd /host/w/repo && ls '/host/t'"),
        ("/var/tmp /tmpfile ./tmp x/workspace", "/var/tmp /tmpfile ./tmp x/workspace"),
        ("A=/tmp:/workspace;", "A=/host/t:/host/w;"),
        ("/tmp/cache /tmp/cached", "/host/c /host/t/cached"),
    ],
)
def test_paths_without_namespaces(text, replaced):
    where = Substitution({"/workspace": "/host/w", "/tmp": "/host/t", "/tmp/cache": "/host/c"})
    assert where(text) == replaced
