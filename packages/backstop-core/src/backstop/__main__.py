"""Lets ``python -m backstop`` be the command line."""

from __future__ import annotations

import sys

from backstop.cli import main

if __name__ == "__main__":
    sys.exit(main())
