"""The log's format, against what Kubernetes recorded (README 37–39 of the recordings)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kube.containerlog import MAX_PIECE, ContainerLog, last_output
from tests.local.kube.node.conftest import pod, read_until, shell

LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([PF]) ([^\n]*)\n")


@pytest.fixture
def log(tmp_path):
    return ContainerLog(tmp_path / "log")


def entries(log) -> list[tuple[bytes, bytes, bytes]]:
    data = log.path.read_bytes()
    found = LINE.findall(data)
    assert b"".join(match[0] for match in LINE.finditer(data)) == data
    return found


def test_lines_are_whole_and_lose_one_cr(log):
    log.write(1, b"one\r\ntw")
    log.write(2, b"err\r\r\n")
    log.write(1, b"o\n\nprompt$ ")
    assert entries(log) == [
        (b"stdout", b"F", b"one"),
        (b"stderr", b"F", b"err\r"),
        (b"stdout", b"F", b"two"),
        (b"stdout", b"F", b""),
    ]


def test_a_long_line_is_written_in_pieces_while_it_comes(log):
    log.write(1, b"x" * 40_000)
    assert [(tag, len(text)) for _, tag, text in entries(log)] == [(b"P", MAX_PIECE)] * 2
    log.write(1, b"\n")
    assert entries(log)[-1] == (b"stdout", b"F", b"x" * (40_000 - 2 * MAX_PIECE))


def test_the_end_writes_what_is_left(log):
    log.write(1, b"no newline")
    assert entries(log) == []
    log.close()
    assert entries(log) == [(b"stdout", b"F", b"no newline")]


def test_a_full_log_is_rotated(tmp_path):
    log = ContainerLog(tmp_path / "log", max_size=1000)
    for number in range(100):
        log.write(1, b"line %d\n" % number)
    log.close()
    assert log.path.stat().st_size <= 1000
    assert entries(log)[-1][2] == b"line 99"
    assert (tmp_path / "log.1").stat().st_size <= 1000


def test_the_end_of_a_log_as_a_message(log):
    log.write(1, b"".join(b"line %d\n" % number for number in range(200)) + b"y" * (MAX_PIECE + 5))
    log.close()
    assert last_output(log.path).endswith("y" * 2000 + "\n")
    assert len(last_output(log.path)) <= 2048


@given(chunks=st.lists(st.binary(max_size=50).map(lambda data: data.replace(b"\r", b""))))
def test_nothing_is_lost_however_it_is_cut(tmp_path_factory, chunks):
    log = ContainerLog(tmp_path_factory.mktemp("log") / "log")
    for chunk in chunks:
        log.write(1, chunk)
    log.close()
    written = b"".join(text + b"\n" for _, _, text in entries(log))
    assert written.removesuffix(b"\n") == b"".join(chunks).removesuffix(b"\n")


async def test_a_terminal_s_log(node):
    script = r"""read line; echo one; echo err >&2; printf 'caf\303\251\n'; stty size; printf prompt; read line"""
    node.create(pod(shell(script, stdin=True, tty=True)))
    found = await node.phase("Running")
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "prompt")
    assert node.log(found) == "\none\nerr\ncafé\n0 0\n"
    assert not node.kubelet.log_ended(found, "weaver").is_set()
    await viewer.write(b"\n")
    await node.phase("Succeeded")
    assert node.kubelet.log_ended(found, "weaver").is_set()
    assert node.log(found).endswith("0 0\nprompt\n")


async def test_there_is_no_log_before_the_start(node):
    found = node.create(pod(shell("true", image="missing.invalid/x:1")))
    assert node.kubelet.log_path(found, "weaver") is None
    await node.until(lambda pod: "ErrImagePull" in str(pod["status"]))
    assert node.kubelet.log_path(found, "weaver") is None
