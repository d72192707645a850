"""The control plane. It is released together with ``loom`` and the relay, under one version."""

__version__ = "0.1.0"
