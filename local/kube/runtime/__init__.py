"""Containers as processes: each with its own terminal or pipes, in bubblewrap's namespaces or, without it, plain.

``container`` starts one and follows it to its end; ``bubblewrap`` and ``plain`` say how its command is wrapped; ``entry`` is
the last step inside, before the container's own program; ``execution`` starts another program in a running one, which
``enter`` takes into its namespaces; ``process`` is what both start, ``cgroups`` limits them; ``stdio`` holds the ends of its streams, ``fanout`` gives what
they say to everyone attached. ``guard`` and its ``watchdog`` end all containers when the server ends.
"""
