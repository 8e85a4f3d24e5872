"""What to do with a statement: mode times level. All of the mode logic is here."""

from __future__ import annotations

from enum import Enum

from backstop.assessment import Open
from backstop.errors import StatementBlocked
from backstop.levels import AT_RISK, Mode, RiskLevel
from backstop.result import RiskResult


class Action(str, Enum):
    """What happens to one statement.

    WATCH and COUNT: it runs where it can be taken back, and is snapshotted if it does more than the
    limits, by the server's counters or by the driver's count.
    """

    RUN = "run"
    WATCH = "watch"
    COUNT = "count"
    SNAPSHOT = "snapshot"
    BLOCK = "block"

    def __str__(self) -> str:
        return self.value


_BY_REACH = {Open.NO: Action.RUN, Open.TO_A_COUNT: Action.COUNT, Open.TO_A_RUN: Action.WATCH}


def decide(
    mode: Mode,
    level: RiskLevel,
    snapshot_at: RiskLevel,
    *,
    allowed: bool,
    reach: Open = Open.NO,
) -> Action:
    """Return the action.

    ``allowed`` is whether the statement runs inside ``backstop.allow``, ``reach`` what
    would tell how many rows it changes.
    """
    if mode is Mode.MONITOR:
        return Action.RUN
    if mode is Mode.PROTECT:
        if level >= snapshot_at:
            return Action.SNAPSHOT
        return _BY_REACH[reach]
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
