"""Ids that savepoints had which are released, as those of a PL/pgSQL block with EXCEPTION.

No lock tells them any more. But an id that is in progress, and that no other backend holds, can
only be the transaction's own, or a released one of somebody else's, by which nothing is written any
more. The server tells of each id what became of it, and of the first that it hasn't given yet that
it lies in the future.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce

from backstop.postgres.transaction.savepoints import undone
from backstop.postgres.transaction.xids import is_older
from backstop.session import Session

# Many others may be at work; what is missed then counts as edited by somebody else.
_MOST = 100_000
_ASK = """
    DO $$ DECLARE
        found pg_catalog.text := '';
        next pg_catalog.int8 := pg_catalog.pg_snapshot_xmax(
            pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8;
        full_id pg_catalog.int8 := next - (
            (next - {oldest} + 6442450944) % 4294967296 - 2147483648);
        others pg_catalog.text[] := ARRAY(
            SELECT transactionid::pg_catalog.text FROM pg_catalog.pg_locks
            WHERE locktype = 'transactionid' AND granted AND mode = 'ExclusiveLock'
              AND pid <> pg_catalog.pg_backend_pid());
        short_id pg_catalog.text;
    BEGIN
        FOR step IN 1 .. {most} LOOP
            full_id := full_id + 1;
            short_id := (full_id % 4294967296)::pg_catalog.text;
            IF pg_catalog.pg_xact_status(full_id::pg_catalog.text::pg_catalog.xid8) = 'in progress'
               AND short_id <> ALL (others) THEN
                found := pg_catalog.concat_ws(' ', found, short_id);
                PERFORM pg_catalog.set_config('backstop.released', found, true);
            END IF;
        END LOOP;
    EXCEPTION WHEN invalid_parameter_value THEN
        PERFORM pg_catalog.set_config('backstop.released', found, true);
    END $$
"""
_TELL = "SELECT pg_catalog.current_setting('backstop.released', true)"


def with_released(session: Session, xids: Collection[str]) -> frozenset[str]:
    """Return ids that a run was given with those that it was given later and released again.

    Without PL/pgSQL, which is a part of every database that nobody took it from, just them.
    """
    if not xids:
        return frozenset()
    oldest = reduce(lambda one, other: one if is_older(one, other) else other, xids)
    try:
        with undone(session, "backstop_released", _ASK.format(oldest=int(oldest), most=_MOST)):
            ((found,),) = session.fetch(_TELL)
    except Exception as error:
        if session.sqlstate(error) is None:
            raise
        return frozenset(xids)
    return frozenset(xids) | frozenset((found or "").split())
