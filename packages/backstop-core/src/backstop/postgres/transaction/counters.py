"""What the transaction in hand has done to which tables, as the server counts it.

Triggers, functions and referential actions are counted as well. The counters survive ROLLBACK TO,
and hold what earlier transactions did that the server hasn't reported yet, so only differences
mean something. A TRUNCATE sets them back; it is known by the table's entry in the catalog.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from backstop.errors import SnapshotFailed
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.server import OWN_XIDS
from backstop.session import Session

_PG_CLASS = 1259
_PAGES, _ENTRIES = LARGE_OBJECTS = (2613, 2995)
"""The tables of the catalog that hold the pages of large objects, and their owners and grants."""
# The server writes the entry of this system column when a table is created, and never again.
_CREATION = -1

_QUERY = f"""
    WITH own AS MATERIALIZED (
        SELECT pg_catalog.array_agg(transactionid::pg_catalog.text) AS xids {OWN_XIDS}
    ), seen AS (
        SELECT c.oid, pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
               pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
               pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted,
               c.xmin::pg_catalog.text AS writer
        FROM pg_catalog.pg_class c
        WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= {FIRST_OWN}
    )
    SELECT '0', pg_catalog.current_setting('track_counts'), '0', '0', NULL,
           pg_catalog.array_to_string(own.xids, ' ') FROM own
    UNION ALL
    SELECT c.oid::pg_catalog.text, changed.inserted::pg_catalog.text,
           changed.updated::pg_catalog.text, changed.deleted::pg_catalog.text, NULL, NULL
    FROM pg_catalog.pg_class c
    CROSS JOIN LATERAL (
        SELECT CASE c.oid WHEN {_PAGES} THEN pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
                    ELSE 0 END AS inserted,
               pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
               pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted) AS changed
    WHERE c.relkind = 'r' AND c.oid < {FIRST_OWN} AND c.relname !~ '^pg_(statistic|shdepend)'
      AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
      AND changed.inserted + changed.updated + changed.deleted > 0
    UNION ALL
    SELECT seen.oid::pg_catalog.text, seen.inserted::pg_catalog.text,
           seen.updated::pg_catalog.text, seen.deleted::pg_catalog.text,
           CASE WHEN seen.writer = ANY (own.xids) THEN seen.writer END,
           CASE WHEN seen.writer = ANY (own.xids) THEN
               (SELECT xmin::pg_catalog.text FROM pg_catalog.pg_attribute
                WHERE attrelid = seen.oid AND attnum = {_CREATION}) END
    FROM seen CROSS JOIN own
    WHERE seen.inserted + seen.updated + seen.deleted > 0 OR seen.writer = ANY (own.xids)
"""


@dataclass(frozen=True)
class Effect:
    """What happened to one table.

    ``rewritten`` is whether its entry in the catalog was written, as by a TRUNCATE: then the
    numbers tell nothing. ``refilled`` is whether it has rows afterwards all the same.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rewritten: bool = False
    refilled: bool = False

    @property
    def rows(self) -> int:
        """How many times a row that was there was changed or removed."""
        return self.updated + self.deleted

    @property
    def adds(self) -> bool:
        """Whether rows are there that weren't there before."""
        return self.inserted > 0 or self.refilled

    @property
    def destroys(self) -> bool:
        """Whether anything that was there may be gone."""
        return self.rows > 0 or self.rewritten


@dataclass(frozen=True)
class LargeObjectEffect:
    """What happened to large objects.

    ``entries`` are those of the catalog that tells who owns which, without those that were added;
    ``pages`` are the rows that hold their contents.
    """

    entries: Effect = Effect()
    pages: Effect = Effect()

    @property
    def is_any(self) -> bool:
        """Whether any was changed or removed, or had something added."""
        return self != NO_LARGE_OBJECT_EFFECT


NO_LARGE_OBJECT_EFFECT = LargeObjectEffect()


@dataclass(frozen=True)
class Counters:
    """One look at the counters; ``xids`` are those of the transaction and of its savepoints.

    ``writers`` and ``creators`` say, for each table whose entry in the catalog this transaction has
    written, by which id that was, and by which the table was created.
    """

    xids: frozenset[str]
    tables: Mapping[int, Effect]
    writers: Mapping[int, str] = field(default_factory=dict)
    creators: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Effects:
    """What happened between two looks, in tables that were there before, by OID.

    ``xids`` are the ids that the transaction was given in between. ``changes_relations`` is whether
    entries of tables, indexes and the like were written, as also emptying a table does, and
    ``changes_objects`` whether any other entry of the catalog was, or one was removed, but for
    ``large_objects``. ``dropped`` are the names of tables that are gone.
    """

    xids: frozenset[str]
    tables: Mapping[int, Effect]
    changes_relations: bool = False
    changes_objects: bool = False
    dropped: tuple[str, ...] = ()
    large_objects: LargeObjectEffect = NO_LARGE_OBJECT_EFFECT

    def with_contents(
        self, contents: Collection[int], refilled: Collection[int], dropped: Mapping[int, str]
    ) -> Effects:
        """Return it with what is known of which tables have lost their contents or are gone.

        ``refilled`` are those of ``contents`` that have rows all the same.
        """
        tables = {oid: replace(effect, rewritten=False) for oid, effect in self.tables.items()}
        for oid in contents:
            effect = tables.get(oid, Effect())
            tables[oid] = replace(effect, rewritten=True, refilled=oid in refilled)
        return replace(self, tables=tables, dropped=tuple(dropped.values()))

    @property
    def destroyed(self) -> dict[int, Effect]:
        """The tables of which something may be gone."""
        return {oid: effect for oid, effect in self.tables.items() if effect.destroys}


def look(session: Session, first: str) -> Counters:
    """Read the counters; ``first`` is a statement that is sent along before, if there is one.

    Raises SnapshotFailed where the server doesn't count.
    """
    found = session.fetch(f"{first}; {_QUERY}" if first else _QUERY)
    xids: frozenset[str] = frozenset()
    tables, writers, creators = {}, {}, {}
    for oid_text, inserted, updated, deleted, writer, last in found:
        oid = int(oid_text or 0)
        if oid == 0:
            if inserted == "off":
                raise SnapshotFailed("track_counts is off: the server counts no rows. Set it on")
            xids = frozenset((last or "").split())
            continue
        tables[oid] = Effect(int(inserted or 0), int(updated or 0), int(deleted or 0))
        if writer is not None:
            writers[oid] = writer
            creators[oid] = last or ""
    return Counters(xids, tables, writers, creators)


def between(before: Counters, after: Counters) -> Effects:
    """Return what happened between two looks, in tables that were there at the first."""
    xids = after.xids - before.xids
    found: dict[int, Effect] = {}
    relations = objects = False
    for oid, now in after.tables.items():
        then = before.tables.get(oid, Effect())
        if oid in LARGE_OBJECTS:
            continue
        if oid < FIRST_OWN:
            # A TRUNCATE gives a table and its indexes other files, and removes no entry.
            emptied = oid == _PG_CLASS and now.deleted == then.deleted
            relations = relations or (now != then and emptied)
            objects = objects or (now != then and not emptied)
            continue
        creator = after.creators.get(oid)
        if creator in after.xids and creator != before.creators.get(oid):
            continue
        rewritten = after.writers.get(oid) != before.writers.get(oid)
        effect = replace(_since(then, now), rewritten=rewritten)
        if effect != Effect():
            found[oid] = effect
    pages, entries = (
        _since(before.tables.get(oid, Effect()), after.tables.get(oid, Effect()))
        for oid in (_PAGES, _ENTRIES)
    )
    large_objects = LargeObjectEffect(entries, pages)
    return Effects(xids, found, relations, objects, large_objects=large_objects)


def _since(then: Effect, now: Effect) -> Effect:
    return Effect(
        inserted=max(0, now.inserted - then.inserted),
        updated=max(0, now.updated - then.updated),
        deleted=max(0, now.deleted - then.deleted),
    )
