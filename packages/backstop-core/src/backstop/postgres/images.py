"""Copying before-images out, as COPY text in UTF-8 under pinned settings.

Which rows a WHERE finds depends on the application's settings, how values are written depends on
ours. So rows are found first, by tableoid and ctid, and then copied; the two alternate in
batches, which keeps memory constant. A lock keeps every ctid valid in between.
"""

from __future__ import annotations

from collections.abc import Iterator

from backstop.postgres import quoting
from backstop.postgres.relations import Relation
from backstop.postgres.transactions import PINNED, change_settings, current_settings
from backstop.session import Session, Sink

_BATCH = 10_000
_CURSOR = "backstop_rows"


def copy_whole(session: Session, relation: Relation, sink: Sink) -> int:
    """Copy every row of one relation; the settings are pinned already. Returns the rows."""
    return session.copy_out(
        f"COPY (SELECT {_columns(relation)} FROM ONLY {relation.sql}) TO STDOUT (ENCODING 'UTF8')",
        sink,
    )


def copy_rows(session: Session, relation: Relation, ctids: list[str], sink: Sink) -> int:
    """Copy the rows that stand at ``ctids``; the settings are pinned already."""
    array = "'{" + ",".join(f'"{ctid}"' for ctid in ctids) + "}'::pg_catalog.tid[]"
    return session.copy_out(
        f"COPY (SELECT {_columns(relation)} FROM ONLY {relation.sql} WHERE ctid = ANY ({array})) "
        "TO STDOUT (ENCODING 'UTF8')",
        sink,
    )


def found_rows(session: Session, finder: str) -> Iterator[tuple[int, list[str]]]:
    """Run a query for (tableoid, ctid), both as text, under the application's settings.

    Yields batches of ctids of one relation each; between two batches the settings are pinned.
    """
    users = current_settings(session, list(PINNED))
    session.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {finder}")
    while True:
        found = session.fetch(f"FETCH {_BATCH} FROM {_CURSOR}")
        change_settings(session, PINNED)
        yield from _by_relation(found).items()
        if len(found) < _BATCH:
            session.execute(f"CLOSE {_CURSOR}")
            return
        change_settings(session, users)


def sample_key(session: Session, relation: Relation, where: str) -> str | None:
    """Return a condition that finds one row of those in ``where`` again by its key."""
    if not relation.key:
        return None
    names = [quoting.identifier(name) for name in relation.key]
    found = session.fetch(
        f"SELECT {', '.join(f'{name}::pg_catalog.text' for name in names)} "
        f"FROM ONLY {relation.sql} {where} LIMIT 1"
    )
    if not found:
        return None
    types = {column.name: column.type for column in relation.columns}
    return " AND ".join(
        f"{name} = {quoting.literal(value or '')}::{types[key]}"
        for name, key, value in zip(names, relation.key, found[0])
    )


def _columns(relation: Relation) -> str:
    return ", ".join(quoting.identifier(column.name) for column in relation.columns)


def _by_relation(found: list[tuple[str | None, ...]]) -> dict[int, list[str]]:
    batches: dict[int, list[str]] = {}
    for oid, ctid in found:
        batches.setdefault(int(oid or 0), []).append(ctid or "")
    return batches
