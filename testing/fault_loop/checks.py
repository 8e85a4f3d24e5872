"""What has to be true of a store after any fault."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import backstop
from backstop.snapshots import Fate, Status
from testing.fault_loop.child import every_age
from testing.fault_loop.nursery import FaultFound

if TYPE_CHECKING:
    from backstop.recovery import RestoreReport
    from testing.contents import Tables
    from testing.fault_loop.world import Store


_GONE_WITHIN = 10.0

# Of others' connections: the connections, what they have locked, and what is left of transactions.
_LEFT = """
SELECT 'a connection: ' || query FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
UNION ALL SELECT 'a lock: ' || locktype || ' ' || mode FROM pg_locks
JOIN pg_stat_activity USING (pid)
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
UNION ALL SELECT 'a prepared transaction: ' || gid FROM pg_prepared_xacts
UNION ALL SELECT 'a temporary object: ' || relname FROM pg_class WHERE relpersistence = 't'
"""


def require(promise: object, otherwise: str) -> None:
    """Raise FaultFound unless the promise is kept."""
    if not promise:
        raise FaultFound(otherwise)


def listed(store: Store) -> list[str]:
    """Return the ids that are listed, oldest first, each of which has to be whole."""
    found = [summary.id for summary in backstop.snapshots.list(store.opened)]
    for snapshot_id in found:
        problems = backstop.snapshots.verify(snapshot_id, store.opened).problems
        require(not problems, f"{snapshot_id} is listed and isn't whole: {problems}")
    return found


def restore(snapshot_id: str, store: Store, tables: Tables) -> RestoreReport:
    """Restore one snapshot on the tables' own connection."""
    return backstop.restore(snapshot_id, storage=store.opened, conn=tables.connection)


def check_claim(snapshot_id: str, store: Store, *, took_effect: bool) -> None:
    """Check that what a snapshot says of its statement isn't wrong, if it says anything."""
    snapshot = backstop.snapshots.show(snapshot_id, store.opened)
    fate, status = snapshot.fate, snapshot.outcome.status
    if took_effect:
        wrong = fate is Fate.ROLLED_BACK or status is Status.FAILED
    else:
        wrong = fate is Fate.COMMITTED
    require(not wrong, f"{snapshot_id} says {status.value}, {fate.value}: {took_effect=}")


def check_leftovers_go(store: Store) -> None:
    """Prune, and check that nothing is stored any more but what belongs to listed snapshots.

    Records of restores stay as long as they may be needed.
    """
    before = listed(store)
    with every_age():
        backstop.snapshots.prune(store.opened)
    require(listed(store) == before, "prune without a rule has removed a snapshot")
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    names = ["/".join(path.relative_to(store.folder).parts) for path in files]
    # What an rclone that was killed leaves in its own folder is no object of its clients'.
    names = [name for name in names if "/.rclone_temp" not in name]
    left = [
        name
        for name in names
        if "#" in name or (name.split("/")[1] not in before and not name.startswith("restores/"))
    ]
    require(not left, f"prune leaves {left}")


def check_nothing_is_left(tables: Tables) -> None:
    """Raise FaultFound where a connection, a lock, a transaction or a temporary object stays."""
    cursor = tables.connection.cursor()
    deadline = time.monotonic() + _GONE_WITHIN
    while True:
        cursor.execute(_LEFT)
        left = [str(row[0]) for row in cursor.fetchall()]
        if not left:
            return
        if time.monotonic() > deadline:
            raise FaultFound(f"the server keeps {', '.join(left)}")
        time.sleep(0.01)
