"""Brings the truth table in ``local/README.md`` up to date."""

from tests.local.kube.truth.table import README, readme_with_table

README.write_text(readme_with_table(README.read_text()))
