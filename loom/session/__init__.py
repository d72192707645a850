"""``loom session``: the main process inside a weaver. It gives the terminal a login shell, and a fresh one when that ends.

It runs in every weaver, so it imports little of the standard library and nothing else: not even :mod:`loom.wire`, whose
dataclasses and JSON would cost 2.3 MB of private memory and 17 ms (measured on Python 3.11).
"""
