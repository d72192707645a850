"""A terminal's content as SVG: text with escape sequences in, a picture in the reader's own monospaced font out."""

import io
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

_THEME: Final = TerminalTheme(
    background=(27, 31, 40),
    foreground=(216, 222, 233),
    normal=[(59, 66, 82), (224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194), (216, 222, 233)],
    bright=[(92, 99, 112), (240, 130, 138), (170, 213, 140), (240, 210, 150), (120, 190, 250), (210, 140, 235), (110, 200, 210), (255, 255, 255)],
)  # fmt: skip
#: Rich's own picture without its font, which a browser would fetch from elsewhere.
_FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


def picture(lines: Sequence[str], columns: int, title: str, unique_id: str) -> str:
    """The SVG. ``unique_id`` begins the names of its styles."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    return console.export_svg(title=title, theme=_THEME, code_format=_FORMAT, unique_id=f"shot-{unique_id}")
