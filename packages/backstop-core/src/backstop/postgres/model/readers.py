"""The readers of all families of objects, in the order in which their objects are listed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from backstop.postgres import query
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model import (
    access_methods,
    aggregates,
    attachments,
    casts,
    collations,
    columns,
    comments,
    constraints,
    defaults,
    domains,
    events,
    extensions,
    first_grants,
    foreign,
    functions,
    indexes,
    languages,
    large_objects,
    members,
    operators,
    privileges,
    schemas,
    sequences,
    switches,
    tables,
    text,
    types,
    views,
)
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

__all__ = ["READERS", "comments", "large_objects", "members", "privileges", "used_catalogs"]

Read = Callable[[Session, int], "list[CatalogObject]"]


class Reader(NamedTuple):
    """What reads one family; there is nothing to read where no catalog named has own entries."""

    read: Read
    catalogs: frozenset[str] = frozenset()

    def reads(self, used: Collection[str]) -> bool:
        """Whether there may be something to read, with own entries in these catalogs alone."""
        return not self.catalogs or not self.catalogs.isdisjoint(used)


READERS = (
    Reader(schemas.read),
    Reader(extensions.read),
    Reader(collations.read, frozenset({"pg_collation", "pg_conversion"})),
    Reader(types.read),
    Reader(domains.read),
    Reader(languages.read, frozenset({"pg_language", "pg_transform"})),
    Reader(functions.read, frozenset({"pg_proc"})),
    Reader(aggregates.read, frozenset({"pg_proc"})),
    Reader(access_methods.read, frozenset({"pg_am"})),
    Reader(operators.read, frozenset({"pg_operator", "pg_opfamily", "pg_opclass"})),
    Reader(casts.read, frozenset({"pg_cast"})),
    Reader(text.read, frozenset({"pg_ts_parser", "pg_ts_template", "pg_ts_dict", "pg_ts_config"})),
    Reader(foreign.read, frozenset({"pg_foreign_data_wrapper", "pg_foreign_server"})),
    Reader(sequences.read),
    Reader(tables.read),
    Reader(columns.read),
    Reader(constraints.read),
    Reader(indexes.read),
    Reader(attachments.read),
    Reader(switches.read),
    Reader(views.read),
    Reader(events.read, frozenset({"pg_event_trigger", "pg_publication"})),
    Reader(defaults.read, frozenset({"pg_default_acl"})),
    Reader(large_objects.read),
    Reader(first_grants.read),
)


def used_catalogs(session: Session) -> list[str]:
    """Return which of the catalogs that readers name have entries of the database's own."""
    names = sorted(frozenset().union(*(reader.catalogs for reader in READERS)))
    looked_into = " UNION ALL ".join(
        f"SELECT '{name}' AS name WHERE EXISTS ("
        f"SELECT FROM pg_catalog.{name} WHERE oid >= {FIRST_OWN})"
        for name in names
    )
    return [entry["name"] for entry in query.rows(session, looked_into)]
