import json
from pathlib import Path

import pytest

from loom.wire import Resize
from relay.core import channels

STREAMS = Path(__file__).parents[2] / "recordings" / "kubernetes" / "streams"


def recorded_statuses(name: str) -> list[bytes]:
    frames = [json.loads(line) for line in (STREAMS / f"{name}.ndjson").read_text().splitlines()]
    return [frame["data"].encode() for frame in frames if frame.get("dir") == "in" and frame.get("channel") == 3]


@pytest.mark.parametrize(
    ("recording", "success", "words"),
    [
        ("v5-attach-tty-container-exits-4", True, ""),
        ("v5-attach-tty-pod-deleted", True, ""),
        ("v5-exec-exit-7", False, "exit code 7"),
    ],
)
def test_recorded_statuses(recording: str, success: bool, words: str) -> None:
    (payload,) = recorded_statuses(recording)
    status = channels.parse_status(payload)
    assert status.success is success
    assert words in status.message


@pytest.mark.parametrize("payload", [b"", b"plain text", b"[]", b"\xff"])
def test_what_is_no_status_is_a_failure(payload: bytes) -> None:
    assert not channels.parse_status(payload).success


def test_frames() -> None:
    assert channels.resize_frame(Resize(24, 80)) == b'\x04{"Width": 80, "Height": 24}'
    assert channels.stdin_frames(b"") == []
    data = bytes(range(256)) * 200
    frames = channels.stdin_frames(data)
    assert all(frame[0] == 0 and len(frame) <= 4097 for frame in frames)
    assert b"".join(frame[1:] for frame in frames) == data
