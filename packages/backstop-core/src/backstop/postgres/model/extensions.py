"""Extensions. What belongs to one is an object of its own, since it may have been added later."""

from __future__ import annotations

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address
from backstop.postgres.objects import CatalogObject
from backstop.session import Session


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the extensions, those of every new database (plpgsql) among them."""
    found = query.rows(
        session,
        """
        SELECT e.oid, e.extname AS name, pg_catalog.quote_ident(e.extname) AS sql,
               n.nspname AS schema, pg_catalog.quote_ident(n.nspname) AS schema_sql,
               e.extversion AS version
        FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
        ORDER BY e.oid
        """,
    )
    return [
        CatalogObject(
            "extension",
            f"extension {entry['name']}",
            (
                f"CREATE EXTENSION {entry['sql']} WITH SCHEMA {entry['schema_sql']} "
                f"VERSION {quoting.literal(entry['version'])}",
            ),
            drop=(f"DROP EXTENSION {entry['sql']}",),
            address=address("pg_extension", entry["oid"]),
            target=f"EXTENSION {entry['sql']}",
            schema=entry["schema"],
            name=entry["name"],
        )
        for entry in found
    ]


def way_back(now: CatalogObject, before: CatalogObject) -> str | None:
    """Return the statement that would update an extension to its earlier version, if it had one.

    Only the server knows whether the extension has scripts that lead there.
    """
    if before.kind != "extension" or _version(now) == _version(before):
        return None
    return f"ALTER {now.target} UPDATE TO {_version(before)}"


def _version(item: CatalogObject) -> str:
    """Return the version as it stands in SQL."""
    return item.ddl[0].rpartition(" VERSION ")[2]
