"""Where a container's log ends and its live stream begins.

An attach shows nothing of the past, so what was written before it comes from the pod's log. The two overlap: a line
written between opening the stream and reading the log is in both.
"""


def written_before(log: bytes, live: bytes) -> bytes:
    """The terminal output that ``log`` has and ``live``, the first bytes of the stream, has not.

    The log of a TTY drops the CR before each LF and holds a line only once it is finished; the result has the CR again.
    Of several ways to overlap the longest is taken: nothing is shown twice.
    """
    shown = live.replace(b"\r\n", b"\n")
    end = shown.rfind(b"\n") + 1
    while end and not log.endswith(shown[:end]):
        end = shown.rfind(b"\n", 0, end - 1) + 1
    return log[: len(log) - end].replace(b"\n", b"\r\n")
