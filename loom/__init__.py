"""Loom: the command line, the terminal protocol and the session program of weavers."""

__version__ = "0.1.0"
