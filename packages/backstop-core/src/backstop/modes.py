"""What to do with a statement: mode times level. All of the mode logic is here."""

from __future__ import annotations

from enum import Enum

from backstop.errors import StatementBlocked
from backstop.levels import AT_RISK, Mode, RiskLevel
from backstop.result import RiskResult


class Action(str, Enum):
    """What happens to one statement.

    WATCH: it runs where it can be taken back, and is snapshotted if it does more than the limits.
    """

    RUN = "run"
    WATCH = "watch"
    SNAPSHOT = "snapshot"
    BLOCK = "block"

    def __str__(self) -> str:
        return self.value


def decide(
    mode: Mode,
    level: RiskLevel,
    snapshot_at: RiskLevel,
    *,
    allowed: bool,
    reach_is_open: bool = False,
) -> Action:
    """Return the action.

    ``allowed`` is whether the statement runs inside ``backstop.allow``, ``reach_is_open`` whether
    only a run tells how many rows it changes.
    """
    if mode is Mode.MONITOR:
        return Action.RUN
    if mode is Mode.PROTECT:
        if level >= snapshot_at:
            return Action.SNAPSHOT
        return Action.WATCH if reach_is_open else Action.RUN
    if level < AT_RISK:
        return Action.RUN
    return Action.SNAPSHOT if allowed else Action.BLOCK


def blocked(result: RiskResult, *, saves: bool = True) -> StatementBlocked:
    """Return the error for a statement that mode "block" refuses.

    ``saves`` is whether a snapshot could be taken of what the statement destroys.
    """
    cost = ", which takes a snapshot first." if saves else "; no snapshot can be taken here."
    return StatementBlocked(
        f"{result.reason} ({result.level}, refused in mode block; nothing was sent to the server.) "
        f'If it is meant, run it inside `with backstop.allow(reason="…")`{cost}',
        result,
    )
