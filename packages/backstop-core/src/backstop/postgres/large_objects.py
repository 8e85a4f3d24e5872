"""The contents of large objects, read and written a chunk at a time, so in constant memory.

Only superusers may read the table that holds the pages. Everybody else goes by the functions that
heed the grants on each large object; a superuser does as well, but skips the holes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from backstop.postgres import query, quoting
from backstop.session import Session, Sink, Source

_CHUNK = 256 * 1024
_READ, _WRITE = 0x40000, 0x20000
_LOADED = "pg_temp.backstop_large_objects"
_PAGES = "'pg_catalog.pg_largeobject'"

PAGE_SIZE = "(pg_catalog.current_setting('block_size')::pg_catalog.int4 / 4)"
"""How many bytes one row of pg_largeobject holds at most."""


def may(privilege: str) -> str:
    """Return the condition that the role has a privilege on a large object, as the server asks."""
    return f"""
        ((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
         OR pg_catalog.current_setting('lo_compat_privileges') = 'on'
         OR (m.lomacl IS NULL AND pg_catalog.pg_has_role(m.lomowner, 'USAGE'))
         OR EXISTS (
            SELECT FROM pg_catalog.aclexplode(m.lomacl) AS g
            WHERE g.privilege_type = '{privilege}'
              AND (g.grantee = 0 OR pg_catalog.pg_has_role(g.grantee, 'USAGE'))))
    """


def sized(condition: str) -> str:
    """Return a query for ``oid`` and ``size`` of the readable large objects of a condition."""
    # A handle is given out again once it is closed: only with the OID is each call another one.
    return f"""
        SELECT m.oid, s.size
        FROM (SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m
              WHERE {condition} AND {may("SELECT")} OFFSET 0) AS m
        CROSS JOIN LATERAL (SELECT pg_catalog.lo_open(m.oid, {_READ}) AS handle OFFSET 0) AS o
        CROSS JOIN LATERAL (
            SELECT m.oid AS same, pg_catalog.lo_lseek64(o.handle, 0, 2) AS size,
                   pg_catalog.lo_close(o.handle) OFFSET 0) AS s
    """


def reads_pages(session: Session) -> bool:
    """Whether the role may read the pages themselves."""
    asked = f"SELECT pg_catalog.has_table_privilege({_PAGES}, 'SELECT') AS may"
    return bool(query.row(session, asked)["may"])


def lock(session: Session) -> None:
    """Keep others from writing any large object, where the role may: only superusers can."""
    asked = f"SELECT pg_catalog.has_table_privilege({_PAGES}, 'UPDATE, DELETE, TRUNCATE') AS may"
    if query.row(session, asked)["may"]:
        session.execute(
            "LOCK TABLE pg_catalog.pg_largeobject, pg_catalog.pg_largeobject_metadata "
            "IN SHARE ROW EXCLUSIVE MODE"
        )


def existing(session: Session, numbers: Collection[int]) -> frozenset[int]:
    """Return those of the OIDs that are large objects."""
    if not numbers:
        return frozenset()
    return find(session, f"m.oid = ANY ({quoting.oid_array(numbers)})")


def find(session: Session, condition: str) -> frozenset[int]:
    """Return the OIDs of the large objects of a condition on ``m``, their entries."""
    found = query.rows(
        session, f"SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m WHERE {condition}"
    )
    return frozenset(int(entry["oid"]) for entry in found)


def digests(session: Session, numbers: Collection[int]) -> dict[int, str]:
    """Return what tells the contents of large objects apart, of those that may be read."""
    if not numbers:
        return {}
    found = query.rows(
        session,
        f"""
        SELECT c.oid, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
                   pg_catalog.string_agg(c.start || ':' || c.hash || ';', '' ORDER BY c.start),
                   'UTF8')), 'hex') AS digest
        FROM ({_chunks(session, numbers, "NULL")}) AS c GROUP BY c.oid
        """,
    )
    return {int(entry["oid"]): entry["digest"] for entry in found}


class DigestingSink:
    """Passes copied contents on, and digests them on the way as :func:`digests` does."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""
        self._found: dict[int, hashlib._Hash] = {}

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            oid, start, rest = line.split(b"\t", 2)
            _, _, digest = rest.rpartition(b"\t")
            known = self._found.setdefault(int(oid), hashlib.sha256())
            known.update(b"%b:%b;" % (start, digest))
        return self._sink.write(data)

    @property
    def digests(self) -> dict[int, str]:
        """The digests of all that was copied, by OID."""
        return {oid: known.hexdigest() for oid, known in self._found.items()}


def copy(session: Session, numbers: Collection[int], sink: Sink) -> int:
    """Copy the contents of large objects as rows of OID, offset, bytes and their SHA-256.

    Zeros at a stretch are left out. The last row of each has no bytes, and its size as the offset.
    The settings are pinned already. Returns the rows.
    """
    rows = _chunks(session, numbers, "d.data")
    return session.copy_out(
        f"COPY (SELECT c.oid, c.start, c.data, c.hash FROM ({rows}) AS c) "
        "TO STDOUT (ENCODING 'UTF8')",
        sink,
    )


def load(session: Session, source: Source) -> int:
    """Load copied contents into a temporary table, to :func:`write` them; returns the rows."""
    session.execute(
        f"CREATE TABLE {_LOADED} (oid pg_catalog.oid, start pg_catalog.int8, "
        "data pg_catalog.bytea, hash pg_catalog.text) ON COMMIT DROP"
    )
    return session.copy_in(f"COPY {_LOADED} FROM STDIN (ENCODING 'UTF8')", source)


def write(session: Session, numbers: Collection[int]) -> None:
    """Give large objects, which exist, the loaded contents and no others."""
    wanted = f"l.oid = ANY ({quoting.oid_array(numbers)})"
    session.execute(
        _truncation(f"SELECT DISTINCT l.oid, 0 AS size FROM {_LOADED} l WHERE {wanted}")
    )
    session.execute(
        "SELECT pg_catalog.count(*) FROM (SELECT pg_catalog.lo_put(l.oid, l.start, l.data) "
        f"FROM {_LOADED} l WHERE {wanted} AND l.data <> '' OFFSET 0) AS written"
    )
    session.execute(
        _truncation(
            f"""
            SELECT l.oid, pg_catalog.max(l.start) AS size FROM {_LOADED} l
            WHERE {wanted} GROUP BY l.oid
            HAVING pg_catalog.max(l.start) > coalesce(pg_catalog.max(
                       l.start + pg_catalog.length(l.data)) FILTER (WHERE l.data <> ''), 0)
            """
        )
    )


def _truncation(sizes: str) -> str:
    """Return the statement that sets sizes, by a query for ``oid`` and ``size``."""
    return f"""
        SELECT pg_catalog.count(*) FROM (
            SELECT pg_catalog.lo_truncate64(s.handle, s.size), pg_catalog.lo_close(s.handle)
            FROM (SELECT z.size::pg_catalog.int8 AS size,
                         pg_catalog.lo_open(z.oid, {_WRITE}) AS handle
                  FROM ({sizes}) AS z OFFSET 0) AS s
            OFFSET 0) AS done
    """


def _chunks(session: Session, numbers: Collection[int], data: str) -> str:
    """Return the query for the chunks of large objects: oid, start, ``data`` and hash."""
    starts = f"SELECT pg_catalog.generate_series(0, s.size - 1, {_CHUNK}) AS start"
    if reads_pages(session):
        starts = f"""
            SELECT DISTINCT p.pageno::pg_catalog.int8 * {PAGE_SIZE} / {_CHUNK} * {_CHUNK} AS start
            FROM pg_catalog.pg_largeobject p WHERE p.loid = s.oid ORDER BY 1
        """
    # At an offset that is its size, each has an empty chunk, which tells the size.
    return f"""
        SELECT s.oid, c.start, {data} AS data,
               pg_catalog.encode(pg_catalog.sha256(d.data), 'hex') AS hash
        FROM ({sized(f"m.oid = ANY ({quoting.oid_array(numbers)})")} OFFSET 0) AS s
        CROSS JOIN LATERAL (
            SELECT start FROM ({starts}) AS a WHERE start < s.size
            UNION ALL SELECT s.size OFFSET 0) AS c
        CROSS JOIN LATERAL (
            SELECT pg_catalog.lo_get(s.oid, c.start, {_CHUNK}) AS data OFFSET 0) AS d
        WHERE c.start = s.size
           OR pg_catalog.btrim(d.data, pg_catalog.decode('00', 'hex')) <> ''
    """
