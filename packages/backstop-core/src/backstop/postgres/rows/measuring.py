"""How many rows a table has and how long they are, before anything is copied."""

from __future__ import annotations

from backstop.postgres import query
from backstop.postgres.relations import Relation
from backstop.session import Session

_SAMPLE = 1000


def count_rows(session: Session, relation: Relation) -> int:
    """Return how many rows are stored in a relation itself."""
    answer = query.row(session, f"SELECT pg_catalog.count(*) AS count FROM ONLY {relation.sql}")
    return int(answer["count"])


def average_length(session: Session, relation: Relation) -> float:
    """Return about how many bytes one row takes as text, by the first thousand of them."""
    answer = query.row(
        session,
        f"""
        SELECT coalesce(pg_catalog.avg(pg_catalog.octet_length(sample::pg_catalog.text)), 0)
            ::pg_catalog.float8 AS length
        FROM (SELECT * FROM ONLY {relation.sql} LIMIT {_SAMPLE}) AS sample
        """,
    )
    return float(answer["length"])
