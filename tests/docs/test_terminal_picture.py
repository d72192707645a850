"""What stood in a terminal is in its picture, and nothing that a browser would have to fetch."""

import html
import re
import xml.etree.ElementTree as ET

from scripts.terminal_picture import picture


def test_text_colours_and_leading_spaces_are_kept():
    svg = picture(["$ loom ps", "\x1b[32mrunning\x1b[39m  <b> & more", "  indented"], 40, "Terminal", "ps")
    root = ET.fromstring(svg)
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("}text")]
    shown = [html.unescape(text).replace("\xa0", " ") for text in texts]
    assert {"$ loom ps", "running", "  <b> & more", "  indented"} <= set(shown)
    green = re.findall(r"\.shot-ps-(r\d+) \{ fill: #98c379", svg)
    assert len(green) == 1
    assert re.search(rf'class="shot-ps-{green[0]}"[^>]*>running<', svg)


def test_nothing_is_fetched():
    assert set(re.findall(r"https?://[^\s\"')]+", picture(["$"], 10, "Terminal", "x"))) == {
        "http://www.w3.org/2000/svg"
    }
