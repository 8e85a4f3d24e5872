"""What of a statement its text doesn't tell: which findings say so, and whether a look would help.

Findings of these kinds come from the text (a call of an unknown function) and from the catalog (a
trigger that writes). Those whose code nobody could read are opaque.
"""

from __future__ import annotations

from typing import NamedTuple

from backstop.levels import RiskLevel
from backstop.result import Finding, RiskResult

# Told by the catalog: what names, operators and conversions lead to.
EFFECT = "hidden-effect"
OPAQUE = "opaque"
# The same, of what triggers and rules do besides the statement.
TRIGGER_EFFECT = "trigger-effect"
OPAQUE_TRIGGER = "opaque-trigger"
TRIGGERS = (TRIGGER_EFFECT, OPAQUE_TRIGGER)
# Either, where no rollback takes it back.
OUTSIDE = "outside-effect"
# Code that the statement runs, and that was read: what it does, other findings tell.
READ = "read-code"
# Code that may change what names stand for, which is no risk by itself.
MOVES = "moves-names"

_OPAQUE = frozenset(
    {OPAQUE, OPAQUE_TRIGGER, "unknown-function", "unknown-operator", "unreadable"}
    | {"executes-prepared", "do-block", "calls-procedure"}
)
_HIDDEN = _OPAQUE | {EFFECT, TRIGGER_EFFECT}
# What they hold runs later, or has run before the look.
_RUNS_LATER = frozenset({"DECLARE", "PREPARE"})


class Hidden(NamedTuple):
    """What a text leaves untold.

    ``opaque`` is the first finding of code that couldn't be read; ``shows`` whether a run that is
    taken back would show what is hidden.
    """

    opaque: Finding | None = None
    shows: bool = False


NOTHING = Hidden()


def hidden(result: RiskResult) -> Hidden:
    """Return what is hidden in a result of level HIGH, which is the level of all that is."""
    if result.level is not RiskLevel.HIGH:
        return NOTHING
    found = [finding for finding in result.findings if finding.level is RiskLevel.HIGH]
    opaque = next((finding for finding in found if finding.kind in _OPAQUE), None)
    kinds = {finding.kind for finding in result.findings}
    shows = not kinds.isdisjoint(_HIDDEN) and OUTSIDE not in kinds
    return Hidden(opaque, shows and _RUNS_LATER.isdisjoint(result.operations))


def leads_on(result: RiskResult) -> bool:
    """Whether what is written has effects of its own, by triggers and the like, that a run shows.

    What no rollback takes back would be done twice.
    """
    kinds = {finding.kind for finding in result.findings}
    return not kinds.isdisjoint(TRIGGERS) and OUTSIDE not in kinds
