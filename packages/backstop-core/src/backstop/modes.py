"""What to do with a statement: mode times level. All of the mode logic is here."""

from __future__ import annotations

from enum import Enum
from typing import Callable, NamedTuple

from backstop import hidden
from backstop.assessment import Open
from backstop.errors import StatementBlocked
from backstop.levels import AT_RISK, Mode, RiskLevel
from backstop.result import RiskResult


class Action(str, Enum):
    """What happens to one statement.

    WATCH and COUNT: it runs where it can be taken back, and is snapshotted if it does more than the
    limits, by the server's counters or by the driver's count. REHEARSE: it runs where it can be
    taken back, and is refused if it destroys too much.
    """

    RUN = "run"
    WATCH = "watch"
    COUNT = "count"
    REHEARSE = "rehearse"
    SNAPSHOT = "snapshot"
    BLOCK = "block"

    def __str__(self) -> str:
        return self.value


class Unknown(NamedTuple):
    """What may be done about a statement whose text doesn't tell what it does.

    ``can_be_seen`` is whether it may be run and taken back, ``is_refused`` whether it is refused
    otherwise.
    """

    can_be_seen: bool = False
    is_refused: bool = False


_TOLD = Unknown()
_BY_REACH = {Open.NO: Action.RUN, Open.TO_A_COUNT: Action.COUNT, Open.TO_A_RUN: Action.WATCH}


def decide(
    mode: Mode,
    level: RiskLevel,
    snapshot_at: RiskLevel,
    *,
    allowed: bool,
    reach: Open = Open.NO,
    unknown: Unknown = _TOLD,
) -> Action:
    """Return the action.

    ``allowed`` is whether the statement runs inside ``backstop.allow``, ``reach`` what
    would tell how many rows it changes, ``unknown`` what its text doesn't tell.
    """
    if mode is Mode.MONITOR:
        return Action.RUN
    if mode is Mode.PROTECT:
        if level >= snapshot_at:
            return Action.SNAPSHOT
        return _BY_REACH[reach]
    if level >= AT_RISK:
        return Action.SNAPSHOT if allowed else Action.BLOCK
    if allowed:
        return Action.RUN
    if unknown.can_be_seen:
        return Action.REHEARSE
    return Action.BLOCK if unknown.is_refused else Action.RUN


def triggers_from(mode: Mode) -> RiskLevel:
    """Return from which level on what triggers and rules do counts for the statement.

    In mode "protect" a run shows what they do, so that only the worst is worth a snapshot.
    """
    return RiskLevel.HIGH if mode is Mode.BLOCK else RiskLevel.CRITICAL


def unknown_of(result: RiskResult, *, refuses: bool, can_rehearse: Callable[[], bool]) -> Unknown:
    """Return what the text of a statement doesn't tell, and what may be done about it.

    ``refuses`` is the setting ``opaque="block"``; ``can_rehearse`` tells whether a run of the
    statement may be taken back, and is asked only where that would show anything.
    """
    found = hidden.hidden(result)
    can_be_seen = found.shows and can_rehearse()
    is_refused = refuses and found.opaque is not None
    return Unknown(can_be_seen, is_refused) if can_be_seen or is_refused else _TOLD


def blocked(result: RiskResult, *, saves: bool = True) -> StatementBlocked:
    """Return the error for a statement that mode "block" refuses.

    ``saves`` is whether a snapshot could be taken of what the statement destroys.
    """
    opaque = hidden.hidden(result).opaque
    if result.level < AT_RISK and opaque is not None:
        return StatementBlocked(
            f"{opaque.reason} ({result.level}, refused in mode block because opaque is 'block'; "
            "nothing was sent to the server.) Read what it does. If it is meant, run it inside "
            '`with backstop.allow(reason="…")`; rehearse=True runs such a statement where it can '
            "be taken back, and refuses it by what it does.",
            result,
        )
    cost = ", which takes a snapshot first." if saves else "; no snapshot can be taken here."
    return StatementBlocked(
        f"{result.reason} ({result.level}, refused in mode block; nothing was sent to the server.) "
        f'If it is meant, run it inside `with backstop.allow(reason="…")`{cost}',
        result,
    )


def refused_by_look(result: RiskResult) -> StatementBlocked:
    """Return the error for a statement that was run, and taken back for what it did."""
    return StatementBlocked(
        f"{result.reason} ({result.level}, refused in mode block; nothing of it is left.) "
        'If it is meant, run it inside `with backstop.allow(reason="…")`.',
        result,
    )
