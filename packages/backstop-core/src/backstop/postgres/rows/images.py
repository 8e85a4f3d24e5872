"""Copying before-images out, as COPY text in UTF-8 under pinned settings.

Which rows a WHERE finds depends on the application's settings, how values are written depends on
ours. So rows are found first, by tableoid and ctid, and then copied; the two alternate in
batches, which keeps memory constant. A lock keeps every ctid valid in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backstop.postgres import quoting
from backstop.postgres.relations import Relation
from backstop.postgres.transaction.savepoints import PINNED, change_settings, current_settings
from backstop.session import Session, Sink

MOST_WRITERS = 100
"""So many ids of transactions are remembered of the rows of one table."""

_BATCH = 10_000
_CURSOR = "backstop_rows"


@dataclass
class FoundRows:
    """Some rows of one relation, and how many times they were found altogether."""

    oid: int
    ctids: list[str]
    times: int


def copy_whole(session: Session, relation: Relation, sink: Sink) -> int:
    """Copy every row of one relation; the settings are pinned already. Returns the rows."""
    return _copy(session, relation, _names(relation), "true", sink)


def copy_own(session: Session, relation: Relation, xids: Iterable[str], sink: Sink) -> int:
    """Copy the rows that these transactions of ours have written or locked."""
    mine = f"= ANY ({quoting.text_array(sorted(xids))})"
    where = f"xmin::pg_catalog.text {mine} OR xmax::pg_catalog.text {mine}"
    return _copy(session, relation, _names(relation), where, sink)


def copy_of_others(session: Session, relation: Relation, xids: Iterable[str], sink: Sink) -> int:
    """Copy, on another connection, the rows that these transactions haven't touched."""
    where = f"xmax::pg_catalog.text <> ALL ({quoting.text_array(sorted(xids))})"
    return _copy(session, relation, _names(relation), where, sink)


def copy_rows(session: Session, relation: Relation, ctids: list[str], sink: Sink) -> int:
    """Copy the rows that stand at ``ctids``; the settings are pinned already."""
    return _copy(session, relation, _names(relation), f"ctid = ANY ({_tid_array(ctids)})", sink)


def copy_written(
    session: Session, relation: Relation, columns: Iterable[str], xids: Iterable[str], sink: Sink
) -> int:
    """Copy some columns of the rows that these transactions wrote; returns the rows."""
    where = f"xmin::pg_catalog.text = ANY ({quoting.text_array(sorted(xids))})"
    return _copy(session, relation, columns, where, sink)


def newest_writers(session: Session, table: str, ctids: Iterable[str] | None = None) -> list[str]:
    """Return the newest ids that rows have as their xmin: of all rows, or of those at ``ctids``.

    ``table`` is as SQL spells it.
    """
    where = "" if ctids is None else f"WHERE ctid = ANY ({_tid_array(ctids)})"
    # As they are stored: to make text of each row's takes as long as to copy the rows.
    found = session.fetch(
        "SELECT xmin::pg_catalog.text "
        f"FROM (SELECT xmin FROM ONLY {table} {where} GROUP BY xmin) AS writers "
        f"ORDER BY pg_catalog.age(xmin) LIMIT {MOST_WRITERS}"
    )
    return [xid or "" for (xid,) in found]


def found_rows(session: Session, finder: str) -> Iterator[FoundRows]:
    """Run a query for (tableoid, ctid, times), all as text, under the application's settings.

    Yields batches of rows of one relation each; between two batches the settings are pinned.
    """
    users = current_settings(session, list(PINNED))
    session.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {finder}")
    while True:
        found = session.fetch(f"FETCH {_BATCH} FROM {_CURSOR}")
        change_settings(session, PINNED)
        yield from _by_relation(found)
        if len(found) < _BATCH:
            session.execute(f"CLOSE {_CURSOR}")
            return
        change_settings(session, users)


def touched_rows(relation: Relation, xids: Iterable[str]) -> str:
    """Return a query, as `found_rows` takes it, for what a run that was taken back has touched."""
    return (
        "SELECT tableoid::pg_catalog.text, ctid::pg_catalog.text, '1'::pg_catalog.text "
        f"FROM ONLY {relation.sql} "
        f"WHERE xmax::pg_catalog.text = ANY ({quoting.text_array(sorted(xids))})"
    )


def count_present(session: Session, relation: Relation, places: Sequence[int]) -> int:
    """Count the rows that still stand, visible to us, at these places."""
    present = 0
    for start in range(0, len(places), _BATCH):
        ctids = [f"({place >> 16},{place & 0xFFFF})" for place in places[start : start + _BATCH]]
        found = session.fetch(
            f"SELECT pg_catalog.count(*)::pg_catalog.text FROM ONLY {relation.sql} "
            f"WHERE ctid = ANY ({_tid_array(ctids)})"
        )
        present += int(found[0][0] or 0)
    return present


def place(ctid: str) -> int:
    """Return a ctid as one number: the block, and in the lowest 16 bits the item in it."""
    block, _, item = ctid.strip("()").partition(",")
    return int(block) << 16 | int(item)


def _copy(
    session: Session, relation: Relation, columns: Iterable[str], where: str, sink: Sink
) -> int:
    names = ", ".join(map(quoting.identifier, columns))
    return session.copy_out(
        f"COPY (SELECT {names} FROM ONLY {relation.sql} WHERE {where}) TO STDOUT (ENCODING 'UTF8')",
        sink,
    )


def _names(relation: Relation) -> list[str]:
    return [column.name for column in relation.columns]


def _tid_array(ctids: Iterable[str]) -> str:
    return "'{" + ",".join(f'"{ctid}"' for ctid in ctids) + "}'::pg_catalog.tid[]"


def _by_relation(found: list[tuple[str | None, ...]]) -> list[FoundRows]:
    batches: dict[int, FoundRows] = {}
    for oid, ctid, times in found:
        batch = batches.setdefault(int(oid or 0), FoundRows(int(oid or 0), [], 0))
        batch.ctids.append(ctid or "")
        batch.times += int(times or 1)
    return list(batches.values())
