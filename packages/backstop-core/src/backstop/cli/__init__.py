"""The command line: a thin layer over Backstop's public functions.

Results go to standard output, everything else (questions, progress, errors) to standard error.
It never shows a traceback, a password or a DSN unless it was asked for a traceback.
"""

from __future__ import annotations

from backstop.cli._app import app, main

__all__ = ["app", "main"]
