"""The limits of a statement's reach, and what passes them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from backstop.patterns import matches
from backstop.postgres import references, relations
from backstop.postgres.relations import Reference, Relation
from backstop.postgres.rows import counting
from backstop.postgres.transaction.counters import Effect, Effects
from backstop.result import RiskResult
from backstop.session import Session
from backstop.settings import Thresholds
from backstop.snapshots.finders import bounded_counts, view_finder
from backstop.snapshots.footprint import Footprint, NothingToSave, OnlyARunTells
from backstop.snapshots.tracing import trace
from backstop.syntax import traits
from backstop.syntax.changes import Change, RowChange, Unreadable, Upsert

_UNMEASURED = "its reach can't be measured before it runs"

_SHOWING_NOTHING = ("PREPARE", "EXECUTE")

# A table of fewer rows has no fraction worth speaking of.
_SMALL_TABLE = 100


@dataclass(frozen=True)
class Passed:
    """Why a reach passes the limits, as part of a sentence; ``table`` where it isn't the target."""

    sentence: str
    table: str | None = None


def protected(
    relation: Relation, change: RowChange | Unreadable, thresholds: Thresholds
) -> str | None:
    """Return why a change of the relation is one of something protected, if it is."""
    if matches(thresholds.protected_tables, relation.schema, relation.name):
        return f"{relation.label} is a protected table"
    names = [column.name for column in relation.columns]
    if isinstance(change, (RowChange, Upsert)) and change.effects == ("UPDATE",):
        names = traits.assigned_columns(change)
    for name in names:
        if matches(thresholds.protected_columns, relation.schema, relation.name, name):
            return f"{relation.label}.{name} is a protected column"
    return None


def count(
    session: Session,
    sql: str,
    result: RiskResult,
    found: Sequence[RowChange | Unreadable],
    thresholds: Thresholds,
) -> Passed | None:
    """Count what a text would reach, cascades included, and return which limit that passes.

    Nothing is counted further than the limits.
    """
    if traits.moves_names(sql) or any(not _is_countable(change) for change in found):
        return Passed(_UNMEASURED)
    reached = _footprint(session, sql, result)
    seeds = reached.seeds if reached is not None else ()
    seeded = {seed.change for seed in seeds}
    total = 0
    for change in found:
        counted = _apart(session, change, seeded, thresholds.max_rows + 1)
        if counted is None:
            return Passed(_UNMEASURED)
        total += counted
    for entry in reached.relations if reached is not None else ():
        relation = entry.relation
        if matches(thresholds.protected_tables, relation.schema, relation.name):
            return Passed(f"{relation.label} is a protected table", relation.label)
    effects: dict[int, Effect] = {}
    if reached is not None and seeds:
        query = bounded_counts(seeds, reached.carriers, thresholds.max_rows + 1)
        effects = {
            int(oid or 0): Effect(updated=int(rows or 0)) for oid, rows in session.fetch(query)
        }
    total += sum(effect.rows for effect in effects.values())
    return more_than(total, thresholds) or _passed_fraction(session, effects, thresholds)


def _footprint(session: Session, sql: str, result: RiskResult) -> Footprint | None:
    try:
        return trace(session, sql, result)
    except (NothingToSave, OnlyARunTells):
        # It names only tables that end with the session, or none that exists.
        return None


def more_than(total: int, thresholds: Thresholds) -> Passed | None:
    """Return that a count is above the limit, however far it went, if it is."""
    limit = thresholds.max_rows
    if total <= limit:
        return None
    return Passed(f"more than {limit:,} rows (max_rows is {limit:,})")


def carries(session: Session, target: Relation, effect: str, assigned: Sequence[str]) -> bool:
    """Whether foreign keys carry a DELETE, or an UPDATE of some columns, on to other rows."""
    oids = relations.with_descendants(session, [target.oid])
    family = relations.describe(session, oids) if len(oids) > 1 else [target]
    return any(
        referrer.carries(effect, referrer.moved(relation, assigned)) is not None
        for referrer in references.referrers(session, oids)
        for relation in family
    )


def passed(session: Session, effects: Effects, thresholds: Thresholds) -> Passed | None:
    """Return which limit a statement passed by what it has done."""
    if effects.dropped:
        names = ", ".join(sorted(effects.dropped))
        return Passed(f"it drops {names}", min(effects.dropped))
    destroyed = effects.destroyed
    rewritten = any(effect.rewritten for effect in destroyed.values())
    asked = list(destroyed) if rewritten or thresholds.protected_tables else []
    for relation in relations.describe(session, asked) if asked else []:
        if matches(thresholds.protected_tables, relation.schema, relation.name):
            return Passed(f"{relation.label} is a protected table", relation.label)
        if destroyed[relation.oid].rewritten:
            return Passed(f"a trigger or a function empties {relation.label}", relation.label)
    total = sum(effect.rows for effect in destroyed.values())
    if total > thresholds.max_rows:
        return Passed(f"{total:,} rows (max_rows is {thresholds.max_rows:,})")
    return _passed_fraction(session, destroyed, thresholds)


def _is_countable(change: RowChange | Unreadable) -> bool:
    """Whether anything in the text says how many rows it may change.

    PREPARE runs nothing, and what an EXECUTE runs is counted in its place.
    """
    if change.operation in _SHOWING_NOTHING:
        return True
    return isinstance(change, (RowChange, Upsert)) and not change.with_writes


def _apart(
    session: Session, change: RowChange | Unreadable, seeded: Container[Change], limit: int
) -> int | None:
    """Count what no row of a table is found for, None where that can't be told.

    That are the rows of a view, the row of a cursor, and those that an INSERT may overwrite.
    """
    if change.operation in _SHOWING_NOTHING:
        return 0
    if isinstance(change, RowChange) and (change.where is None or change in seeded):
        return 0
    if isinstance(change, RowChange) and change.current_of is not None:
        return 1
    oids = relations.resolve(session, [Reference(change.table or "")])
    targets = relations.describe(session, list(oids.values()))
    if isinstance(change, Upsert):
        return _given(session, change, targets, limit)
    views = [target for target in targets if target.kind not in ("r", "p")]
    if not views:
        # What it finds depends on what comes before it in the text.
        return None if targets and not targets[0].temporary else 0
    return sum(
        counting.count_up_to(session, view_finder(change, view.sql), limit)
        for view in views
        if isinstance(change, RowChange)
    )


def _given(session: Session, change: Upsert, targets: Sequence[Relation], limit: int) -> int | None:
    """Count the rows that an INSERT is given, each of which overwrites one row at most."""
    moved = traits.moved_columns(change)
    if any(carries(session, target, "UPDATE", moved) for target in targets):
        return None
    if change.rows is not None:
        return change.rows
    # A line break ends a comment that a slice may end with.
    query = f"{change.with_clause or ''}\nSELECT FROM ({change.query}\n) AS given"
    return counting.count_up_to(session, query, limit)


def _passed_fraction(
    session: Session, effects: Mapping[int, Effect], thresholds: Thresholds
) -> Passed | None:
    if _enough(sum(effect.rows for effect in effects.values()), thresholds) <= _SMALL_TABLE:
        return None
    for root, effect in _by_root(session, effects).items():
        enough = _enough(effect.rows, thresholds)
        if enough <= _SMALL_TABLE:
            continue
        change = effect.inserted - effect.deleted
        there = counting.count_up_to(
            session,
            f"SELECT FROM {root.scanned}",
            max(0, max(enough, _SMALL_TABLE + 1) + change),
        )
        before = there - change
        if before > _SMALL_TABLE and effect.rows > before * thresholds.max_fraction:
            return Passed(
                f"{effect.rows:,} of {before:,} rows (max_fraction is {thresholds.max_fraction:g})",
                root.label,
            )
    return None


def may_pass(rows: int, thresholds: Thresholds) -> bool:
    """Whether so many rows of one table may pass a limit; only the table's size tells, then."""
    return rows > thresholds.max_rows or _enough(rows, thresholds) > _SMALL_TABLE


def _enough(rows: int, thresholds: Thresholds) -> int:
    """Return above how many rows in a table these are not more than the fraction of them."""
    return int(rows / thresholds.max_fraction) + 1


def _by_root(session: Session, effects: Mapping[int, Effect]) -> dict[Relation, Effect]:
    """Return the effects by table, those on partitions together."""
    roots = relations.roots(session, list(effects))
    described = {found.oid: found for found in relations.describe(session, list(roots.values()))}
    together: dict[Relation, Effect] = {}
    for oid, effect in effects.items():
        root = described[roots[oid]]
        so_far = together.get(root, Effect())
        together[root] = Effect(
            so_far.inserted + effect.inserted,
            so_far.updated + effect.updated,
            so_far.deleted + effect.deleted,
        )
    return together
