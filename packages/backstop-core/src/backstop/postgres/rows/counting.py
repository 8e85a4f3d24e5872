"""Counting the rows of a query, only as far as it matters."""

from __future__ import annotations

from backstop.session import Session


def count_up_to(session: Session, query: str, limit: int) -> int:
    """Count the rows of a query, stopping at ``limit``."""
    found = session.fetch(
        "SELECT pg_catalog.count(*)::pg_catalog.text "
        f"FROM (SELECT FROM ({query}) AS reached LIMIT {limit}) AS bounded"
    )
    return int(found[0][0] or 0)
