"""The model of a database: all of its objects, by identity, and what depends on what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backstop.postgres import query, server
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.dependencies import Dependencies, closure
from backstop.postgres.objects import CatalogObject
from backstop.postgres.transaction.savepoints import (
    PINNED,
    UNCOMPILED,
    change_settings,
    milliseconds,
    undone,
)
from backstop.session import Session


@dataclass(frozen=True)
class Storage:
    """Where a relation's contents are: another ``file`` after each time that they are replaced.

    ``refilled`` is whether a table whose file is not its first has rows, or had some, in it.
    """

    kind: str
    label: str
    file: int
    refilled: bool


@dataclass(frozen=True)
class Model:
    """The objects of one database by identity, and the ``storage`` of its relations by OID.

    Of large objects it holds those that have a comment, and those that were asked for. It has at
    least what those have done that had ``completed`` when it was read.
    """

    objects: Mapping[str, CatalogObject]
    storage: Mapping[int, Storage]
    completed: server.Completed | None = None

    def limited_to(self, *models: Model) -> Model:
        """Return it with no more than what at least one of the others has as well."""
        return replace(
            self,
            objects={
                identity: item
                for identity, item in self.objects.items()
                if any(identity in model.objects for model in models)
            },
            storage={
                oid: contents
                for oid, contents in self.storage.items()
                if any(oid in model.storage for model in models)
            },
        )

    def dependents(self, identities: Iterable[str]) -> set[str]:
        """Return the identities and everything that depends on them."""
        return closure(
            {identity: item.depends_on for identity, item in self.objects.items()}, identities
        )

    def with_values(self, identities: Iterable[str]) -> set[str]:
        """Return the types and tables, and those with columns whose values are made of them.

        That a table inherits from another one counts as well.
        """
        return closure(
            {
                identity: item.depends_on
                for identity, item in self.objects.items()
                if item.kind in _VALUES
            },
            identities,
        )


NO_OBJECTS = Model({}, {})

# Whose rows, or what is made of them, can be values of a column.
_VALUES = ("table", "type", "domain")


def read_model(
    session: Session,
    lock_timeout: float | None = None,
    about: Collection[CatalogObject] = (),
) -> Model:
    """Read the model, in the transaction in hand, which is left as it was.

    It has the large objects that the saved objects ``about`` them have to be compared with.
    The number of queries doesn't grow with the number of objects. To spell a view, the server waits
    for whoever has locked a table of it: at most ``lock_timeout`` seconds, where it is given.
    """
    settings = {**PINNED, **UNCOMPILED, "statement_timeout": "0"}
    if lock_timeout is not None:
        settings["lock_timeout"] = milliseconds(lock_timeout)
    with undone(session, "backstop_model"):
        change_settings(session, settings)
        completed = server.completed(session)
        return replace(_read(session, about), completed=completed)


def _read(session: Session, about: Collection[CatalogObject]) -> Model:
    # Most connections never need them: what only changes rows shouldn't hold them in memory.
    from backstop.postgres.model.readers import (
        READERS,
        comments,
        large_objects,
        members,
        privileges,
        used_catalogs,
    )

    version = server.version(session)
    used = used_catalogs(session)
    found = [
        item for reader in READERS if reader.reads(used) for item in reader.read(session, version)
    ]
    dependencies = Dependencies(session, found)
    found = dependencies.put_into(found)
    owners = {item.address: item for item in found if item.address}
    memberships = members.read(session, owners)
    found = _within_extensions(found, memberships, owners)
    found += memberships
    found += privileges.read(session, owners)
    found += comments.read(session, dependencies.resolve)
    found += large_objects.read_about(session, about)
    known = {item.identity for item in found}
    found = [
        # What a parent has taken over from its own parents is no object of its own.
        item
        if known.issuperset(item.depends_on)
        else replace(item, depends_on=tuple(name for name in item.depends_on if name in known))
        for item in found
    ]
    return Model({item.identity: item for item in found}, _storage(session))


def _within_extensions(
    found: list[CatalogObject],
    memberships: Iterable[CatalogObject],
    owners: Mapping[str, CatalogObject],
) -> list[CatalogObject]:
    """Return the objects with the extension that each is a member of, if it is of any."""
    extensions = {item.depends_on[0]: item.within for item in memberships}
    # A type and its shell are at one place.
    places = {
        place: extensions[item.identity]
        for place, item in owners.items()
        if item.identity in extensions
    }
    return [
        replace(item, within=places[item.address]) if item.address in places else item
        for item in found
    ]


def _storage(session: Session) -> dict[int, Storage]:
    found: list[dict[str, Any]] = query.rows(
        session,
        f"""
        SELECT c.oid, c.relkind AS kind, n.nspname || '.' || c.relname AS label,
               coalesce(pg_catalog.pg_relation_filenode(c.oid), 0) AS file,
               CASE WHEN c.relkind = 'r' AND c.relfilenode <> c.oid
                    THEN pg_catalog.pg_relation_size(c.oid) > 0 END AS refilled
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = ANY ('{{r,p,m,S}}') AND c.oid >= {FIRST_OWN} AND c.relpersistence <> 't'
        """,
    )
    return {
        int(entry["oid"]): Storage(
            entry["kind"], entry["label"], int(entry["file"]), bool(entry["refilled"])
        )
        for entry in found
    }
