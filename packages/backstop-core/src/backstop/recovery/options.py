"""How a restore is done: what its caller may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from backstop.errors import ConfigurationError
from backstop.recovery.report import Progress


class OnConflict(str, Enum):
    """What a restore does with a row, or a large object, that was edited after the statement.

    REPORT leaves it alone and says so; OVERWRITE gives it what it held; ABORT changes nothing.
    """

    REPORT = "report"
    OVERWRITE = "overwrite"
    ABORT = "abort"


@dataclass(frozen=True)
class RestoreOptions:
    """What holds for all snapshots of one restore.

    ``where`` is a condition on the rows to put back, as in SQL, and ``undoable`` whether what the
    restore changes itself is saved before.
    """

    on_conflict: OnConflict = OnConflict.REPORT
    fast: bool = False
    lock_timeout: float = 10.0
    where: str | None = None
    undoable: bool = True
    progress: Callable[[Progress], None] = lambda _: None

    @property
    def overwrites(self) -> bool:
        """Whether later edits go."""
        return self.on_conflict is OnConflict.OVERWRITE


def on_conflict_from(value: str | OnConflict) -> OnConflict:
    """Return the choice that an argument names; raises ConfigurationError."""
    try:
        return OnConflict(value)
    except ValueError:
        raise ConfigurationError(
            f"on_conflict is {value!r}: it takes 'report', 'overwrite' or 'abort'."
        ) from None
