"""What the admin's list of snapshots shows: those of one alias's storage, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from django.core.paginator import Page, Paginator
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import QueryDict

import backstop
from backstop.cli.listing import what_became
from backstop.django.databases import has_session
from backstop.django.restoring import settings_for
from backstop.snapshots import SnapshotSummary

PAGE, DATABASE = "p", "database"
_PER_PAGE = 100
_AGES = {"1": "Past 24 hours", "7": "Past 7 days", "30": "Past 30 days"}


@dataclass(frozen=True)
class Choice:
    """A choice of a filter, with the query that makes it."""

    label: str
    query: str
    selected: bool


@dataclass(frozen=True)
class Filter:
    """A filter with its choices, the first of which is to have none."""

    title: str
    choices: Sequence[Choice]


@dataclass(frozen=True)
class Row:
    """One snapshot of the list."""

    summary: SnapshotSummary

    @property
    def fate(self) -> str:
        """What became of its statement."""
        return what_became(self.summary.status, self.summary.fate)


@dataclass(frozen=True)
class Listing:
    """One page of the list, with the filters that apply to all of it."""

    page: Page[Row]
    filters: Sequence[Filter]
    page_query: str


def alias_of(query: QueryDict) -> str:
    """Return the alias whose storage is looked at."""
    chosen = query.get(DATABASE)
    return chosen if chosen in aliases() else DEFAULT_DB_ALIAS


def aliases() -> list[str]:
    """Name the aliases whose database has snapshots."""
    return [alias for alias in connections if has_session(connections[alias])]


def listing(query: QueryDict) -> Listing:
    """Return what a query asks for; raises ConfigurationError and StorageError."""
    storage = settings_for(alias_of(query)).storage
    rows = [Row(summary) for summary in reversed(backstop.snapshots.list(storage))]
    kept = [row for row in rows if all(keeps(row, query) for keeps in _KEEPS.values())]
    filters = [
        _filter(query, "actor", "By actor", _names(row.summary.actor for row in rows)),
        _filter(query, "table", "By table", _names(t for row in rows for t in row.summary.tables)),
        _filter(query, "age", "By time", _AGES),
        _filter(query, "fate", "By fate", _names(row.fate for row in rows)),
    ]
    if len(aliases()) > 1:
        by_alias = {alias: alias for alias in aliases()}
        filters.insert(0, _filter(query, DATABASE, "By database", by_alias, without=False))
    pages = Paginator(kept, _PER_PAGE)
    return Listing(pages.get_page(query.get(PAGE)), filters, f"{_changed(query, PAGE, '')}&{PAGE}=")


def _within(row: Row, days: str) -> bool:
    if days not in _AGES:
        return True
    age = datetime.now(timezone.utc) - row.summary.created_at
    return age <= timedelta(days=int(days))


def _keeping(name: str, fits: Callable[[Row, str], bool]) -> Callable[[Row, QueryDict], bool]:
    return lambda row, query: not query.get(name) or fits(row, str(query[name]))


_KEEPS = {
    "actor": _keeping("actor", lambda row, value: row.summary.actor == value),
    "table": _keeping("table", lambda row, value: value in row.summary.tables),
    "age": _keeping("age", _within),
    "fate": _keeping("fate", lambda row, value: row.fate == value),
}


def _names(values: Iterable[str]) -> dict[str, str]:
    return {value: value for value in sorted(set(values))}


def _filter(
    query: QueryDict, name: str, title: str, values: dict[str, str], *, without: bool = True
) -> Filter:
    chosen = query.get(name) or ("" if without else alias_of(query))
    offered = {"": "All", **values} if without else values
    choices = [
        Choice(label, _changed(query, name, value), chosen == value)
        for value, label in offered.items()
    ]
    return Filter(title, choices)


def _changed(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed.pop(PAGE, None)
    changed.pop(name, None)
    if value:
        changed[name] = value
    return f"?{changed.urlencode()}"
