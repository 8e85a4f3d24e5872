"""Large objects as objects: their owners, their grants, and what their contents are known by.

There may be very many, so the model of a database only has those with a comment or a label, which
stand for what these are about. All else is read of those that somebody asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from backstop.postgres import large_objects, query, quoting
from backstop.postgres.model.catalog import address
from backstop.postgres.model.privileges import GRANTS, grants_on, owner_of
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

KIND = "large object"


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return the large objects that have a comment or a security label."""
    catalog = "'pg_catalog.pg_largeobject'::pg_catalog.regclass"
    found = query.rows(
        session,
        f"""
        SELECT m.oid FROM (
            SELECT d.objoid FROM pg_catalog.pg_description d WHERE d.classoid = {catalog}
            UNION
            SELECT d.objoid FROM pg_catalog.pg_seclabel d WHERE d.classoid = {catalog}
        ) AS d JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = d.objoid
        ORDER BY m.oid
        """,
    )
    return [_large_object(int(entry["oid"]), None) for entry in found]


def read_about(session: Session, saved: Collection[CatalogObject]) -> list[CatalogObject]:
    """Return the large objects that saved objects are about, as they are now."""
    contents = [item.oid for item in saved if holds_contents(item)]
    return describe(session, _numbers(saved), large_objects.digests(session, contents))


def describe(
    session: Session, numbers: Collection[int], digests: Mapping[int, str]
) -> list[CatalogObject]:
    """Return large objects by their OIDs, with owners, grants, and the digests of their contents.

    Those that don't exist are left out.
    """
    if not numbers:
        return []
    found = query.rows(
        session,
        f"""
        SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner) AS role,
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m.lomowner)) AS owner,
               coalesce(({GRANTS} FROM pg_catalog.aclexplode(
                   coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner)))
                   WITH ORDINALITY AS g), '[]') AS grants
        FROM pg_catalog.pg_largeobject_metadata m
        WHERE m.oid = ANY ({quoting.oid_array(numbers)}) ORDER BY m.oid
        """,
    )
    return [item for entry in found for item in _described(entry, digests)]


def holds_contents(item: CatalogObject) -> bool:
    """Whether an object is a large object with the digest of what it holds."""
    return item.kind == KIND and bool(item.definition)


def _described(entry: Mapping[str, Any], digests: Mapping[int, str]) -> Iterator[CatalogObject]:
    item = _large_object(int(entry["oid"]), digests.get(int(entry["oid"])))
    yield item
    yield owner_of(item, entry["owner"], entry["role"])
    yield grants_on(item, entry["owner"], entry["grants"])


def _large_object(number: int, digest: str | None) -> CatalogObject:
    # Where it exists there is nothing to create, and its contents are written in any case.
    creation = (
        f"SELECT pg_catalog.lo_create({number}) WHERE NOT EXISTS ("
        f"SELECT FROM pg_catalog.pg_largeobject_metadata WHERE oid = {number})"
    )
    return CatalogObject(
        KIND,
        f"{KIND} {number}",
        (creation,),
        drop=(f"SELECT pg_catalog.lo_unlink({number})",),
        replaces=True,
        address=address("pg_largeobject", number),
        target=f"LARGE OBJECT {number}",
        definition=() if digest is None else (digest,),
    )


def _numbers(objects: Iterable[CatalogObject]) -> set[int]:
    """Return the OIDs of the large objects that objects are, or depend on."""
    start = f"{KIND} "
    return {
        int(name[len(start) :])
        for item in objects
        for name in (item.identity, *item.depends_on)
        if name.startswith(start)
    }
