"""The pieces of work that are interrupted, and at which of their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from testing import shop
from testing.fault_loop.child import END, PRUNE, RESTORE, SNAPSHOT, Job
from testing.steps import SERVER, STORE

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENT = "the client"
BACKEND = "one server process"
SERVER_WHOLE = "the whole server"
ENDPOINT = "the S3 endpoint"

# A statement at the server that is no mere question.
_DECISIVE = ("BEGIN", "SAVEPOINT", "ROLLBACK", "RELEASE", "COMMIT", "LOCK", "COPY", "SET")

# Two parts of an upload: what comes from md5 is compressed to a half.
_LARGE_SCHEMA = "CREATE TABLE large (id int PRIMARY KEY, body text); CREATE TABLE earlier (id int)"
_LARGE_ROWS = """
INSERT INTO large SELECT g, (SELECT string_agg(md5(g || '-' || i), '')
FROM generate_series(1, 3000) AS i) FROM generate_series(1, 120) AS g
"""


@dataclass(frozen=True)
class Work:
    """One job on tables that are filled anew each time, and a name for messages.

    ``on_s3`` is whether its snapshots are kept in a bucket even where the endpoint lives on.
    """

    name: str
    job: Job
    schema: str = shop.SCHEMA
    rows: str = shop.ROWS
    on_s3: bool = False

    @property
    def redefines(self) -> bool:
        """Whether the tables have to be made anew, too."""
        return self.job.sql.startswith("DROP")


def _statement(name: str, sql: str, isolation: str | None = None) -> Work:
    return Work(name, Job(SNAPSHOT, "", sql=sql, isolation=isolation))


DELETE = "DELETE FROM stock WHERE sku < 5"
UPDATE = "UPDATE stock SET amount = amount + 1 WHERE sku < 5"
TRUNCATE = "TRUNCATE stock CASCADE"
DROP = "DROP TABLE part"

STATEMENTS = [
    _statement("DELETE", DELETE),
    _statement("DELETE with a trigger", "DELETE FROM sale WHERE amount < 4"),
    _statement("UPDATE in a transaction", UPDATE, "READ COMMITTED"),
    _statement("TRUNCATE in a transaction", TRUNCATE, "READ COMMITTED"),
    _statement("TRUNCATE at REPEATABLE READ", TRUNCATE, "REPEATABLE READ"),
    _statement("DROP", DROP),
    Work(
        "DELETE of large rows",
        Job(SNAPSHOT, "", sql="DELETE FROM large"),
        _LARGE_SCHEMA,
        _LARGE_ROWS,
        on_s3=True,
    ),
]
RESTORES = [
    Work(f"restore of {sql.split()[0]}", Job(RESTORE, "", sql=sql))
    for sql in (DELETE, UPDATE, TRUNCATE, DROP)
]
PRUNES = [Work("prune", Job(PRUNE, ""))]


def points(steps: Sequence[str], victim: str, at_most: int) -> list[int]:
    """Choose the numbers of the steps before which the victim dies.

    The endpoint's death shows at the next request to it. Of questions to the server, as many
    are chosen as there is room for.
    """
    numbers = range(1, len(steps) + 1)
    at_store = [n for n in numbers if steps[n - 1].startswith(STORE) or steps[n - 1].endswith(END)]
    if victim == ENDPOINT:
        return _spread(at_store, at_most)
    decisive = [n for n in numbers if n in at_store or _is_decisive(steps[n - 1])]
    if len(decisive) >= at_most:
        return _spread(decisive, at_most)
    others = [n for n in numbers if n not in decisive]
    return sorted(decisive + _spread(others, at_most - len(decisive)))


def _is_decisive(step: str) -> bool:
    kind, _, text = step.partition(": ")
    return kind != SERVER or text.startswith(_DECISIVE)


def _spread(numbers: Sequence[int], at_most: int) -> list[int]:
    """Choose some, from the first to the last, at equal distances."""
    if len(numbers) <= at_most:
        return list(numbers)
    if at_most < 2:
        return list(numbers[-1:]) if at_most else []
    last = len(numbers) - 1
    return [numbers[round(index * last / (at_most - 1))] for index in range(at_most)]
