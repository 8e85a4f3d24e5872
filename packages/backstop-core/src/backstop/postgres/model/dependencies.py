"""What needs what, as the server tracks it for DROP … RESTRICT and CASCADE.

The server tracks rows of its catalogs, of which many make up one object here: a view is a relation,
a rule, two types. What is no object by itself stands for the one that it is an internal part of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model.catalog import address
from backstop.postgres.model.types import shell_of
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_TRACKED = "'{n,a,i,e,x,P}'"
# By which edges a row of a catalog is a part of something, the surest first: internal, a
# partition's share of what its parent has, a member of an extension, automatic.
_PART_OF = "iPea"


@dataclass(frozen=True)
class _Edge:
    dependent: str
    needed: str
    kind: str


class Dependencies:
    """The edges of one database, with the objects that its addresses stand for."""

    def __init__(self, session: Session, objects: Iterable[CatalogObject]) -> None:
        self._objects = {item.address: item for item in objects if item.address}
        self._edges = _read(session)
        self._parts: dict[str, list[_Edge]] = {}
        for edge in self._edges:
            if edge.kind in _PART_OF and edge.dependent not in self._objects:
                self._parts.setdefault(edge.dependent, []).append(edge)
        self._known: dict[str, CatalogObject | None] = dict(self._objects)

    def resolve(self, place: str) -> CatalogObject | None:
        """Return the object that a place in the catalog is, or is a part of."""
        if place in self._known:
            return self._known[place]
        self._known[place] = None
        parts = self._parts.get(place, ())
        for edge in sorted(parts, key=lambda edge: _PART_OF.index(edge.kind)):
            found = self.resolve(edge.needed)
            if found is not None:
                self._known[place] = found
                break
        return self._known[place]

    def put_into(self, objects: Collection[CatalogObject]) -> list[CatalogObject]:
        """Return the objects with the identities of all that each depends on."""
        needed: dict[str, dict[str, None]] = {}
        for edge in self._edges:
            dependent, other = self.resolve(edge.dependent), self.resolve(edge.needed)
            if dependent is None or other is None or dependent is other or edge.kind == "P":
                continue
            if dependent.kind == "sequence" and edge.kind == "a":
                # That a column owns it is an object of its own, which comes later.
                continue
            if dependent.kind == other.kind == "table" and edge.kind == "a":
                continue
            needed.setdefault(dependent.identity, {})[other.identity] = None
        shells = {item.identity for item in objects if item.kind == "shell type"}
        for identity in [identity for identity in needed if shell_of(identity) in shells]:
            # What a type is defined by can only need its shell.
            for name in needed[identity]:
                if needed.get(name, {}).pop(identity, True) is None:
                    needed[name][shell_of(identity)] = None
        return [
            replace(
                item,
                depends_on=tuple(dict.fromkeys([*item.depends_on, *needed.get(item.identity, ())])),
            )
            if item.identity in needed
            else item
            for item in objects
        ]


def closure(needs: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    """Return the identities and everything that depends on them, by way of others too."""
    dependents: dict[str, list[str]] = {}
    for identity, names in needs.items():
        for name in names:
            dependents.setdefault(name, []).append(identity)
    found = set(start)
    step = list(found)
    while step:
        step = [
            identity
            for name in step
            for identity in dependents.get(name, ())
            if identity not in found and not found.add(identity)  # type: ignore[func-returns-value]
        ]
    return found


def _read(session: Session) -> list[_Edge]:
    names = {
        oid or "": name or ""
        for oid, name in session.fetch(
            "SELECT oid::pg_catalog.text, relname::pg_catalog.text FROM pg_catalog.pg_class "
            f"WHERE relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND oid < {FIRST_OWN}"
        )
    }
    found = session.fetch(
        f"""
        SELECT classid::pg_catalog.text, objid::pg_catalog.text,
               refclassid::pg_catalog.text, refobjid::pg_catalog.text, deptype::pg_catalog.text
        FROM pg_catalog.pg_depend
        WHERE objid >= {FIRST_OWN} AND deptype = ANY ({_TRACKED})
          AND NOT (classid = refclassid AND objid = refobjid)
        """
    )
    return [
        _Edge(
            address(names.get(catalog or "", ""), int(oid or 0)),
            address(names.get(other or "", ""), int(needed or 0)),
            kind or "",
        )
        for catalog, oid, other, needed, kind in found
    ]
