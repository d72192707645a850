"""Who or what ended a weaver: pure."""

from collections.abc import Mapping

from loom.client.api import Weaver


def ended_by(weaver: Weaver) -> str:
    """``dev via CLI``; ``the sweep``, ``the cluster``, where it was no person; empty while nobody has, and where the API does not tell."""
    ending = weaver.get("ending")
    if not isinstance(ending, Mapping):
        return ""
    by, via = ending.get("by"), ending.get("via")
    return f"{by} via {via}" if by else f"the {via}"
