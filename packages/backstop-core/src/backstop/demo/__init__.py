"""The demo: an agent destroys a small shop, Backstop brings it back, checksums prove it.

It does nothing that a user couldn't do: guard, snapshots and restore are the public functions.
It must leave nothing behind, however it ends, but snapshots in a storage of the user's.
"""

from __future__ import annotations

from backstop.errors import MissingDistribution

try:
    import psycopg2 as _driver  # noqa: F401 - only whether it is there
except ImportError:
    raise MissingDistribution(
        'The demo needs a PostgreSQL driver: pip install "backstop-core[demo]"'
    ) from None

from backstop.demo._report import DemoReport, TableProof
from backstop.demo._story import run

__all__ = ["DemoReport", "TableProof", "run"]
