"""What belongs to which extension: what its script has made, and what was added to it since.

Nothing tells one from the other before the extension is created again. A dump leaves both out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backstop.postgres import query
from backstop.postgres.code.summary import FIRST_OWN
from backstop.postgres.model import first_grants
from backstop.postgres.model.catalog import address
from backstop.postgres.model.first_grants import Grants
from backstop.postgres.model.privileges import grants_on
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, owners: Mapping[str, CatalogObject]) -> list[CatalogObject]:
    """Return what puts the objects at these addresses, and the server's own, into extensions."""
    grants = first_grants.of_members(session)
    found = []
    for entry in _members(session):
        place = address(entry["catalog"], entry["oid"])
        item = owners.get(place) or _unlisted(entry)
        found.append(_membership(entry, item, grants.get(place)))
    return found


def _unlisted(entry: dict[str, Any]) -> CatalogObject:
    word = entry["type"].upper().replace("-", " ")
    return CatalogObject(
        entry["type"],
        f"{entry['type']} {entry['identity']}",
        (),
        target=f"{word} {entry['identity']}",
    )


def _membership(entry: dict[str, Any], item: CatalogObject, grants: Grants | None) -> CatalogObject:
    extension = f"extension {entry['extension']}"
    add = f"ALTER EXTENSION {entry['sql']} ADD {item.target}"
    # Whether the server's own was there before the statement, only its OID tells.
    is_known = item.address or int(entry["oid"]) < FIRST_OWN
    return CatalogObject(
        "membership" if is_known else "hidden membership",
        f"membership of {item.identity} in {extension}",
        (add,) if grants is None else _with_grants(add, item, grants),
        (item.identity, extension, f"owner of {item.identity}"),
        "owners",
        drop=(f"ALTER EXTENSION {entry['sql']} DROP {item.target}",),
        definition=(add,),
        within=extension,
    )


def _with_grants(add: str, item: CatalogObject, grants: Grants) -> tuple[str, ...]:
    """Return what adds a member as it came, since a dump tells what was granted after that."""
    now = grants_on(item, grants.owner, grants.now)
    first = grants_on(item, grants.owner, grants.first)
    return (*now.drop, *first.ddl, add, *first.drop, *now.ddl)


def _members(session: Session) -> list[dict[str, Any]]:
    return query.rows(
        session,
        """
        SELECT c.relname AS catalog, d.objid AS oid, named.type, named.identity,
               e.extname AS extension, pg_catalog.quote_ident(e.extname) AS sql
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        JOIN pg_catalog.pg_class c ON c.oid = d.classid
        CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS named
        WHERE d.deptype = 'e' AND d.objsubid = 0
          AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          -- Types of arrays, of ranges of ranges and of rows come and go with what they are of.
          AND NOT (c.relname = 'pg_type' AND EXISTS (
              SELECT FROM pg_catalog.pg_depend part
              WHERE part.classid = d.classid AND part.objid = d.objid AND part.deptype = 'i'))
        ORDER BY e.oid, c.oid, d.objid
        """,
    )
