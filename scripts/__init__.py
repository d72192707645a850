"""What people who work on this repository run: each is ``python -m scripts.NAME`` behind a make target."""
