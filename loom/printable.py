"""Making text from elsewhere harmless for a terminal. Imports nothing: ``loom session`` uses it in every weaver."""


def printable(text: str) -> str:
    """``text`` as one line without characters that would drive the terminal: escapes, controls, direction overrides."""
    return "".join(character if character.isprintable() else _harmless(character) for character in text).strip()


def _harmless(character: str) -> str:
    return " " if character.isspace() else ""
