"""Measures contestants in turns on the same cases, and compares their medians with bounds.

Machines are noisy, ratios less so: every round gives each contestant the same work, one right after
the other, and starts with another one. This module knows nothing of what is measured.
"""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import process_time
from timeit import timeit

from rich.console import Console
from rich.table import Table

Contestants = dict[str, Callable[[str], object]]


@dataclass(frozen=True)
class Bound:
    """The most that a case may take: a multiple of a rival's time, and microseconds over it."""

    rival: str
    factor: float
    over: float = 0.0

    def __str__(self) -> str:
        over = f" + {self.over:g} µs" if self.over else ""
        return f"{self.factor:g} of {self.rival}{over}"


@dataclass(frozen=True)
class Case:
    """One kind of text: ``make`` gives a text for a number, ``batch`` are timed at once."""

    name: str
    make: Callable[[int], str]
    batch: int
    bound: Bound


@dataclass(frozen=True)
class Outcome:
    """What a case took, in microseconds a text, by contestant, and the share of its bound."""

    case: Case
    times: dict[str, float]
    share: float

    @property
    def holds(self) -> bool:
        """Whether the judged contestant, the first, stayed within its bound."""
        return self.share <= 1


@contextmanager
def on_one_core() -> Iterator[None]:
    """Run the block, and whatever it starts, on one core.

    Where client and server run on two, all statements of a connection take twice the time or not,
    by where the system has put its server process and how deep the other core sleeps.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def measure(case: Case, contestants: Contestants, rounds: int) -> Outcome:
    """Measure a case; no text of it is made twice, unless the case makes always the same.

    One more round comes first and doesn't count: it imports modules and reads data files.
    """
    found: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(rounds + 1):
        numbers = range(turn * case.batch, (turn + 1) * case.batch)
        texts = [case.make(number) for number in numbers]
        names.append(names.pop(0))
        for name in names:
            found[name].append(_time(contestants[name], texts))
    judged, rival, bound = found[next(iter(found))], found[case.bound.rival], case.bound
    # Round by round, as what else the machine does changes from one to the next.
    shares = [
        taken / (other * bound.factor + bound.over) for taken, other in zip(judged[1:], rival[1:])
    ]
    medians = {name: median(times[1:]) for name, times in found.items()}
    return Outcome(case, medians, median(shares))


def _time(function: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the microseconds of processor time that a text takes."""

    def run() -> None:
        deque(map(function, texts), maxlen=0)

    # The garbage collector stays on, as in an application; timeit would switch it off.
    # Processor time, as others may use the machine meanwhile.
    return timeit(run, gc.enable, process_time, number=1) / len(texts) * 1e6


def as_table(outcomes: Sequence[Outcome]) -> Table:
    """Return the outcomes for people."""
    table = Table("case", *outcomes[0].times, "share of bound", "bound")
    for outcome in outcomes:
        share = f"{outcome.share:.0%}{'' if outcome.holds else ' BROKEN'}"
        times = (f"{time:,.2f} µs" for time in outcome.times.values())
        table.add_row(outcome.case.name, *times, share, str(outcome.case.bound))
    for column in table.columns[1:-1]:
        column.justify = "right"
    return table


def as_documents(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Return the outcomes for programs; times are in microseconds."""
    return [
        {
            "case": outcome.case.name,
            "times": outcome.times,
            "bound": str(outcome.case.bound),
            "share": outcome.share,
            "holds": outcome.holds,
        }
        for outcome in outcomes
    ]


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table, as wide as it is."""
    Console(width=160, highlight=False).print(as_table(outcomes))
