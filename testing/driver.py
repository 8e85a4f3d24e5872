"""Which driver Django's tests use: psycopg2, or what ``BACKSTOP_TEST_DRIVER`` names."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVER = os.environ.get("BACKSTOP_TEST_DRIVER", "psycopg2")
"""``psycopg2`` or ``psycopg``, which is psycopg 3."""


@contextmanager
def chosen() -> Iterator[None]:
    """Let the block import only the driver of choice: Django takes psycopg 3 where it is there."""
    if DRIVER == "psycopg":
        yield
        return
    hidden = {name: sys.modules.pop(name) for name in [*sys.modules] if _is_hidden(name)}
    sys.modules["psycopg"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["psycopg"]
        sys.modules.update(hidden)


def _is_hidden(name: str) -> bool:
    return name.partition(".")[0] == "psycopg"
