"""The risk of a file that psql runs: SQL, psql's own commands, and rows after COPY … FROM stdin."""

from __future__ import annotations

from backstop.cli.psql._classify import classify_script

__all__ = ["classify_script"]
