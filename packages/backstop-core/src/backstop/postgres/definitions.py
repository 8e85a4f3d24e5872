"""Everything that DROP TABLE takes with a table, as catalog objects that recreate it.

Read under pinned settings (an empty search_path), so that every name comes out qualified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backstop.postgres import (
    attachments,
    columns,
    constraints,
    privileges,
    query,
    quoting,
    sequences,
    tables,
)
from backstop.postgres.objects import CatalogObject
from backstop.postgres.relations import Relation
from backstop.session import Session


@dataclass(frozen=True)
class Definitions:
    """The objects that go with the tables, and in sentences what isn't among them."""

    objects: tuple[CatalogObject, ...]
    not_covered: tuple[str, ...]


def definitions(session: Session, dropped: Sequence[Relation]) -> Definitions:
    """Return the definitions of the tables and of what exists only with them."""
    oids = [relation.oid for relation in dropped]
    if not oids:
        return Definitions((), ())
    owned = sequences.owned(session, oids)
    objects = [
        *sequences.definitions(owned),
        *tables.definitions(session, oids),
        *columns.definitions(session, oids),
        *constraints.definitions(session, oids),
        *attachments.definitions(session, oids),
        *attachments.comments(session, oids + [sequence.oid for sequence in owned]),
        *privileges.definitions(session, oids + [sequence.oid for sequence in owned]),
    ]
    return Definitions(tuple(objects), tuple(_other_dependents(session, oids)))


def _other_dependents(session: Session, oids: list[int]) -> list[str]:
    found = query.rows(
        session,
        f"""
        WITH dropped AS (
            SELECT c.oid, c.reltype, t.typarray FROM pg_catalog.pg_class c
            LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
            WHERE c.oid = ANY ({quoting.oid_array(oids)})
        ), dependents AS (
            SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
            WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid IN (SELECT oid FROM dropped)
            UNION
            SELECT d.classid, d.objid, d.objsubid FROM pg_catalog.pg_depend d
            WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
              AND d.refobjid IN (SELECT reltype FROM dropped UNION SELECT typarray FROM dropped)
              AND d.deptype <> 'i'
        )
        SELECT DISTINCT CASE
            WHEN view.ev_class IS NOT NULL
            THEN pg_catalog.pg_describe_object(
                'pg_catalog.pg_class'::pg_catalog.regclass, view.ev_class, 0)
            ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END AS name
        FROM dependents d
        LEFT JOIN pg_catalog.pg_rewrite view
          ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND view.oid = d.objid
        WHERE (view.oid IS NOT NULL AND view.ev_class NOT IN (SELECT oid FROM dropped))
           OR d.classid IN (
                'pg_catalog.pg_proc'::pg_catalog.regclass,
                'pg_catalog.pg_type'::pg_catalog.regclass,
                'pg_catalog.pg_cast'::pg_catalog.regclass,
                'pg_catalog.pg_operator'::pg_catalog.regclass,
                'pg_catalog.pg_publication_rel'::pg_catalog.regclass)
              AND d.objid NOT IN (SELECT reltype FROM dropped)
           OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid > 0
               AND d.objid NOT IN (SELECT oid FROM dropped))
        ORDER BY name
        """,
    )
    return [
        f"The {entry['name']} depends on a dropped table: if it goes too, it isn't restored."
        for entry in found
    ]
