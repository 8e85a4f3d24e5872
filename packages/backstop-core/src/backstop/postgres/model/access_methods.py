"""Access methods of tables and indexes, by the handler that makes each up."""

from __future__ import annotations

from backstop.postgres import query
from backstop.postgres.model.catalog import address, own
from backstop.postgres.model.spelling import routine_name
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_TYPE = {"i": "INDEX", "t": "TABLE"}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the access methods."""
    found = query.rows(
        session,
        f"""
        SELECT m.oid, m.amname AS name, pg_catalog.quote_ident(m.amname) AS sql, m.amtype AS type,
               {routine_name("m.amhandler")} AS handler
        FROM pg_catalog.pg_am m
        WHERE {own("m")}
        ORDER BY m.oid
        """,
    )
    return [
        CatalogObject(
            "access method",
            f"access method {entry['name']}",
            (
                f"CREATE ACCESS METHOD {entry['sql']} TYPE {_TYPE[entry['type']]} "
                f"HANDLER {entry['handler']}",
            ),
            drop=(f"DROP ACCESS METHOD {entry['sql']}",),
            address=address("pg_am", entry["oid"]),
            target=f"ACCESS METHOD {entry['sql']}",
            name=entry["name"],
        )
        for entry in found
    ]
