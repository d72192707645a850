"""Where things go: what a command answers to stdout, what it tells a person to stderr."""

import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def say(text: str) -> None:
    """One line for the person."""
    sys.stderr.write(f"loom: {text}\n")
    sys.stderr.flush()


def out(text: str) -> None:
    """One line of what was asked for."""
    sys.stdout.write(f"{text}\n")
