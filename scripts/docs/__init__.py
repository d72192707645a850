"""The documentation site: what is made from the code when it is built, so that the two cannot drift apart.

A page says where something made goes, by a line such as ``<!-- generated: commands -->``; :mod:`.hook` fills it in. The site is
built by MkDocs with Material, whose support ends in May 2027. Its successor reads the same mkdocs.yml but runs no hooks yet: until it
does, it would be given pages filled by a script. Nothing here but the hook knows MkDocs.
"""
