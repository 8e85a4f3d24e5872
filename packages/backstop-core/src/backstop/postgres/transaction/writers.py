"""Which (sub)transactions wrote the rows that stand in some relations."""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import quoting
from backstop.postgres.relations import Relation
from backstop.session import Session


def writers_since(
    session: Session, relations: Iterable[Relation], xid: str, *, at_most: int
) -> frozenset[str]:
    """Return the ids from ``xid`` on that rows of the relations have as their xmin.

    Where they wrote more rows than ``at_most``, others have written as well, and none is returned.
    """
    found: set[str] = set()
    rows = 0
    for relation in relations:
        written = session.fetch(
            "SELECT xmin::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text "
            f"FROM ONLY {relation.sql} WHERE pg_catalog.age(xmin) <= "
            f"pg_catalog.age({quoting.literal(xid)}::pg_catalog.xid) GROUP BY 1"
        )
        found.update(writer or "" for writer, _ in written)
        rows += sum(int(count or 0) for _, count in written)
    return frozenset(found) if rows <= at_most else frozenset()


def writers(session: Session, relations: Iterable[Relation], xids: Iterable[str]) -> frozenset[str]:
    """Return those of the ids that some row of the relations has as its xmin."""
    wanted = quoting.text_array(sorted(xids))
    found: set[str] = set()
    for relation in relations:
        rows = session.fetch(
            f"SELECT DISTINCT xmin::pg_catalog.text FROM ONLY {relation.sql} "
            f"WHERE xmin::pg_catalog.text = ANY ({wanted})"
        )
        found.update(row[0] or "" for row in rows)
    return frozenset(found)
