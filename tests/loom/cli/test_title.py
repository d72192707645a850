"""What is not worth disturbing the screen is the window's title for a while."""

from loom.cli.title import Title


def test_a_line_comes_and_goes():
    title = Title()
    assert title.left(0.0) is None
    assert title.show("ann came", 10.0) == b"\x1b[22;2t\x1b]2;loom: ann came\x1b\\"
    assert title.left(12.0) == 3.0
    assert title.show("bob \x1b[31mcame\x07", 12.0) == b"\x1b]2;loom: bob [31mcame\x1b\\"
    assert title.left(20.0) == 0.0
    assert title.taken_away() == b"\x1b[23;2t"
    assert title.taken_away() == b""
    assert title.left(20.0) is None
