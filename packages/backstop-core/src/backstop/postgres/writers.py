"""Which (sub)transactions wrote the rows that stand in some relations."""

from __future__ import annotations

from collections.abc import Iterable

from backstop.postgres import quoting
from backstop.postgres.relations import Relation
from backstop.session import Session


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
