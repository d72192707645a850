"""What somebody may have meant. ``difflib`` is imported when there is something to ask: it costs a command's start."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Up to ``most`` of ``known`` that look like ``word``, the likeliest first."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    return [names[match] for match in get_close_matches(word.lower(), names, n=most, cutoff=0.6)]


def did_you_mean(word: str, known: Iterable[str], most: int = 3) -> str:
    """``; did you mean x or y?``, nothing where nothing looks like it."""
    found = nearest(word, known, most)
    return f"; did you mean {' or '.join(found)}?" if found else ""
