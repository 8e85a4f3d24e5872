"""Which server this is, and what the role may do there to the tables it can reach."""

from __future__ import annotations

from dataclasses import dataclass

from backstop.postgres import query
from backstop.session import Session


@dataclass(frozen=True)
class ServerIdentity:
    """The server behind a connection, and as whom we are there.

    ``read_only`` is whether it takes no writes now: a standby, or a role whose transactions are
    read-only by default.
    """

    version: str
    database: str
    user: str
    read_only: bool


@dataclass(frozen=True)
class TableRights:
    """What the role may do to one table.

    ``changes``: destroy rows or the table itself; ``reads``: all of its columns; ``locks``: keep
    others from writing; ``owns``: what restoring in place needs; ``filtered``: row security may
    hide rows from the role. ``quoted`` is the name as SQL takes it.
    """

    table: str
    changes: bool
    reads: bool
    locks: bool
    owns: bool
    filtered: bool
    quoted: str = ""

    @property
    def savable(self) -> bool:
        """Whether Backstop can take snapshots of the table as this role."""
        return self.reads and self.locks


def identity(session: Session) -> ServerIdentity:
    """Ask which server this is; works on a standby, too."""
    return ServerIdentity(
        **query.row(
            session,
            """
            SELECT pg_catalog.current_setting('server_version') AS version,
                   pg_catalog.current_database() AS database, current_user AS user,
                   pg_catalog.pg_is_in_recovery()
                   OR pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only
            """,
        )
    )


def tables(session: Session) -> list[TableRights]:
    """Return the rights on every table that isn't the system's own or temporary, by name."""
    # A LOCK that keeps writers out takes UPDATE, DELETE or TRUNCATE on the whole table; an UPDATE
    # of one column doesn't give it.
    found = query.rows(
        session,
        """
        SELECT n.nspname || '.' || c.relname AS table,
               pg_catalog.format('%I.%I', n.nspname, c.relname) AS quoted,
               named AND (owned OR pg_catalog.has_table_privilege(c.oid, 'DELETE, TRUNCATE')
                          OR pg_catalog.has_any_column_privilege(c.oid, 'UPDATE')) AS changes,
               named AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS reads,
               named AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
                   AS locks,
               named AND owned AS owns,
               pg_catalog.row_security_active(c.oid) AS filtered
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (
            SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS named,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned
        ) AS rights
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
          AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        ORDER BY n.nspname, c.relname
        """,
    )
    return [TableRights(**entry) for entry in found]
