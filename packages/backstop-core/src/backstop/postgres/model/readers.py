"""The readers of all families of objects, in the order in which their objects are listed."""

from __future__ import annotations

from collections.abc import Callable

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

__all__ = ["READERS", "comments", "large_objects", "members", "privileges"]

Reader = Callable[[Session, int], "list[CatalogObject]"]

READERS: tuple[Reader, ...] = (
    schemas.read,
    extensions.read,
    collations.read,
    types.read,
    domains.read,
    languages.read,
    functions.read,
    aggregates.read,
    access_methods.read,
    operators.read,
    casts.read,
    text.read,
    foreign.read,
    sequences.read,
    tables.read,
    columns.read,
    constraints.read,
    indexes.read,
    attachments.read,
    switches.read,
    views.read,
    events.read,
    defaults.read,
    large_objects.read,
    first_grants.read,
)
