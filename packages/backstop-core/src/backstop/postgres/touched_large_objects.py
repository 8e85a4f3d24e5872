"""Which large objects a statement has touched, as a run shows that is taken back.

What it has removed or written bears its transaction's ids; but of contents, only who may read
their pages sees that. For everybody else they are compared, page by page: those that the text names
by their numbers. Where these don't account for all that the server has counted, a second run shows
what has become of the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from backstop.postgres import query, quoting
from backstop.postgres.large_objects import (
    PAGE_SIZE,
    existing,
    find,
    may,
    reads_pages,
    sized,
)
from backstop.postgres.transaction.counters import (
    NO_LARGE_OBJECT_EFFECT,
    Effects,
    LargeObjectEffect,
)
from backstop.session import Session

# How many are compared that nothing points at, of how many bytes, and how many bytes of one.
_MOST_UNNAMED = 20_000
_MOST_BYTES = 512 * 1024**2
_MOST_OF_ONE = 1024**3
_NUMBER = re.compile(r"\d{1,10}")
_FIRST_THAT_IS_NONE = 2**32
_HASHED = 8


@dataclass(frozen=True)
class TouchedLargeObjects:
    """What of large objects a run took, by OID.

    The ``contents`` are gone or others, those of the ``removed`` among them; of ``definitions``
    only owner or grants may be others. ``effect`` is what the server counted in that run, and
    ``is_all`` whether these account for it.
    """

    contents: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()
    definitions: frozenset[int] = frozenset()
    effect: LargeObjectEffect = NO_LARGE_OBJECT_EFFECT
    is_all: bool = True
    not_covered: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether there is anything to save."""
        return bool(self.contents or self.definitions)

    def with_earlier(self, earlier: TouchedLargeObjects) -> TouchedLargeObjects:
        """Return it with what an earlier run has touched as well."""
        contents = self.contents | earlier.contents
        definitions = (self.definitions | earlier.definitions) - contents
        return replace(self, contents=contents, definitions=definitions)


NOTHING_TOUCHED = TouchedLargeObjects()


@dataclass(frozen=True)
class Traces:
    """What a run has left of large objects, seen while it stood.

    ``entered`` are those that it made, or gave another owner or other grants. ``written`` are those
    with pages of its own, and ``pages`` the hashed pages of those that have to be compared: of all
    that can be where it is ``thorough``.
    """

    xids: frozenset[str]
    effect: LargeObjectEffect
    named: frozenset[int]
    entered: frozenset[int]
    written: frozenset[int] = frozenset()
    pages: Mapping[int, bytes] | None = None
    thorough: bool = True


def trace_run(session: Session, effects: Effects, sql: str, *, thorough: bool) -> Traces | None:
    """Look for what a run did, before it is taken back; nothing if it has at most added some."""
    effect = effects.large_objects
    if not effect.is_any:
        return None
    entered = _entries(session, "xmin", effects.xids)
    numbers = {int(number) for number in _NUMBER.findall(sql)}
    named = existing(session, {number for number in numbers if number < _FIRST_THAT_IS_NONE})
    traces = Traces(effects.xids, effect, named, entered)
    written = effect.pages.inserted + effect.pages.updated
    only_adds = effect == LargeObjectEffect(pages=replace(effect.pages, updated=0, deleted=0))
    if only_adds and sum(_page_counts(session, entered).values()) == written:
        return None
    if not effect.pages.rows and not effect.pages.inserted:
        return traces
    if reads_pages(session):
        return replace(
            traces, written=_with_pages(session, "xmin", effects.xids, named | entered, written)
        )
    compared = _candidates(session, named) if thorough else named | entered
    return replace(traces, pages=_hashed_pages(session, compared), thorough=thorough)


def touched_by(session: Session, traces: Traces) -> TouchedLargeObjects:
    """Return what a run has touched, now that it is taken back."""
    gone = _entries(session, "xmax", traces.xids)
    removed, definitions = gone - traces.entered, gone & traces.entered
    missed = 0
    if traces.pages is None:
        pages = traces.effect.pages
        first = traces.named | removed
        changed = _with_pages(session, "xmax", traces.xids, first, pages.rows)
        # Pages can be there without their large object, where somebody has changed the catalog.
        changed = existing(session, changed | traces.written)
    else:
        changed, missed = _compared(session, traces, removed)
    contents = removed | changed
    readable = _readable(session, contents)
    return TouchedLargeObjects(
        readable,
        removed & readable,
        definitions - readable,
        traces.effect,
        not missed or traces.thorough,
        (*_missed(missed if traces.thorough else 0), *_unreadable(contents - readable)),
    )


def every_large_object(session: Session) -> TouchedLargeObjects:
    """Return all that there are, as removed."""
    everything = find(session, "true")
    readable = _readable(session, everything)
    return TouchedLargeObjects(readable, readable, not_covered=_unreadable(everything - readable))


def _compared(
    session: Session, traces: Traces, removed: frozenset[int]
) -> tuple[frozenset[int], int]:
    """Return what was written, and how many others may have been."""
    left = traces.pages or {}
    # What it has made in a savepoint of its own isn't known by its ids.
    made = {*traces.entered, *left}
    made -= existing(session, made)
    pages = traces.effect.pages
    # Whatever else was written, the server has counted more than these account for.
    counted = pages.inserted + pages.updated + pages.deleted
    counted -= sum(_page_counts(session, removed).values())
    counted -= sum(len(left[oid]) // _HASHED for oid in made & left.keys())
    changed: set[int] = set()
    for some in (traces.named & left.keys(), left.keys() - traces.named - made):
        if counted <= 0:
            break
        before = _hashed_pages(session, some)
        for oid in some:
            differing = _differing(before.get(oid, b""), left[oid])
            counted -= differing
            if differing:
                changed.add(oid)
    return frozenset(changed), _others(session, {*left, *removed}) if counted > 0 else 0


def _differing(before: bytes, after: bytes) -> int:
    starts = range(0, max(len(before), len(after)), _HASHED)
    return sum(
        before[start : start + _HASHED] != after[start : start + _HASHED] for start in starts
    )


def _entries(session: Session, mark: str, xids: Iterable[str]) -> frozenset[int]:
    return find(session, f"m.{mark}::pg_catalog.text = ANY ({quoting.text_array(sorted(xids))})")


def _with_pages(
    session: Session, mark: str, xids: Iterable[str], first: Collection[int], expected: int
) -> frozenset[int]:
    """Return the large objects with marked pages: only the ``first`` where these are all pages."""
    if not expected:
        return frozenset()
    marked = f"p.{mark}::pg_catalog.text = ANY ({quoting.text_array(sorted(xids))})"
    counted = (
        "SELECT p.loid AS oid, pg_catalog.count(*) AS pages FROM pg_catalog.pg_largeobject p "
        f"WHERE {marked} AND %s GROUP BY 1"
    )
    found = query.rows(session, counted % f"p.loid = ANY ({quoting.oid_array(first)})")
    if sum(int(entry["pages"]) for entry in found) < expected:
        found = query.rows(session, counted % "true")
    return frozenset(int(entry["oid"]) for entry in found)


def _page_counts(session: Session, numbers: Collection[int]) -> dict[int, int]:
    if not numbers:
        return {}
    condition = f"m.oid = ANY ({quoting.oid_array(numbers)})"
    found = query.rows(
        session,
        f"SELECT s.oid, (s.size + {PAGE_SIZE} - 1) / {PAGE_SIZE} AS pages "
        f"FROM ({sized(condition)}) AS s",
    )
    return {int(entry["oid"]): int(entry["pages"]) for entry in found}


def _candidates(session: Session, named: frozenset[int]) -> frozenset[int]:
    """Return the named large objects, and the newest of the others as far as they fit in."""
    names = quoting.oid_array(named)
    newest = f"""
        m.oid IN (SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m
                  WHERE m.oid <> ALL ({names}) AND {may("UPDATE")}
                  ORDER BY m.oid DESC LIMIT {_MOST_UNNAMED})
    """
    found = query.rows(
        session,
        f"""
        SELECT s.oid FROM ({sized(f"m.oid = ANY ({names})")}) AS s
        UNION ALL
        SELECT s.oid FROM (
            SELECT s.oid, pg_catalog.sum(s.size) OVER (ORDER BY s.size, s.oid) AS total
            FROM ({sized(newest)}) AS s) AS s
        WHERE s.total <= {_MOST_BYTES}
        """,
    )
    return frozenset(int(entry["oid"]) for entry in found)


def _hashed_pages(session: Session, numbers: Collection[int]) -> dict[int, bytes]:
    """Return a short hash of each page of large objects, one after the other, if not too large."""
    if not numbers:
        return {}
    found = query.rows(
        session,
        f"""
        SELECT s.oid, coalesce(pg_catalog.encode((
            SELECT pg_catalog.string_agg(pg_catalog.substr(pg_catalog.sha256(
                       pg_catalog.substr(d.data, b.first + 1, {PAGE_SIZE})), 1, {_HASHED}), ''
                       ORDER BY c.start, b.first)
            FROM pg_catalog.generate_series(0, s.size - 1, 32 * {PAGE_SIZE}) AS c (start)
            CROSS JOIN LATERAL (
                SELECT pg_catalog.lo_get(s.oid, c.start, 32 * {PAGE_SIZE}) AS data OFFSET 0) AS d
            CROSS JOIN LATERAL pg_catalog.generate_series(
                0, pg_catalog.length(d.data) - 1, {PAGE_SIZE}) AS b (first)), 'hex'), '') AS pages
        FROM ({sized(f"m.oid = ANY ({quoting.oid_array(numbers)})")}) AS s
        WHERE s.size <= {_MOST_OF_ONE}
        """,
    )
    return {int(entry["oid"]): bytes.fromhex(entry["pages"]) for entry in found}


def _readable(session: Session, numbers: Collection[int]) -> frozenset[int]:
    if not numbers:
        return frozenset()
    return find(session, f"m.oid = ANY ({quoting.oid_array(numbers)}) AND {may('SELECT')}")


def _others(session: Session, compared: Collection[int]) -> int:
    found = query.row(
        session,
        "SELECT pg_catalog.count(*) AS found FROM pg_catalog.pg_largeobject_metadata m "
        f"WHERE m.oid <> ALL ({quoting.oid_array(compared)})",
    )
    return int(found["found"])


def _missed(number: int) -> tuple[str, ...]:
    if not number:
        return ()
    return (
        f"Not all that was written into large objects is known: {number:,} of them were not "
        "compared, as they are many or large, or this role may not read them.",
    )


def _unreadable(numbers: Collection[int]) -> tuple[str, ...]:
    return tuple(
        f"The large object {number} goes or gets other contents, and this role may not read it: "
        "it is not saved."
        for number in sorted(numbers)
    )
