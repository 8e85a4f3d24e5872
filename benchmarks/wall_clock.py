"""Measures by the clock what contestants take whose work is done by other processes.

The processor time of this process says nothing about a database or a storage server. As in
side_by_side, every round gives each contestant the same work, one right after the other, and starts
with another one; what the work has changed is undone between them, outside of the measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.side_by_side import Bound

Work = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """The same work by several contestants, the first of which is judged.

    ``undo`` follows each of them; ``batch`` is how often the work is done in one measurement.
    """

    name: str
    contestants: Mapping[str, Work]
    undo: Work
    bound: Bound
    batch: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a case took.

    That is milliseconds by contestant, the judged one's multiple of each rival's, and the share of
    its bound.
    """

    case: Case
    times: dict[str, float]
    ratios: dict[str, float]
    share: float

    @property
    def holds(self) -> bool:
        """Whether the judged contestant stayed within its bound."""
        return self.share <= 1


def measure(case: Case, rounds: int) -> Outcome:
    """Measure a case; one more round comes first, which opens connections, and doesn't count."""
    found: dict[str, list[float]] = {name: [] for name in case.contestants}
    names = list(found)
    for _ in range(rounds + 1):
        names.append(names.pop(0))
        for name in names:
            found[name].append(_time(case.contestants[name], case.batch))
            case.undo()
    counted = {name: times[1:] for name, times in found.items()}
    judged, *rivals = counted
    # Round by round, as what else the machine does changes from one to the next.
    ratios = {
        rival: median(own / other for own, other in zip(counted[judged], counted[rival]))
        for rival in rivals
    }
    bound = case.bound
    share = median(
        own / (other * bound.factor + bound.over / 1e3)
        for own, other in zip(counted[judged], counted[bound.rival])
    )
    medians = {name: median(times) for name, times in counted.items()}
    return Outcome(case, medians, ratios, share)


def _time(work: Work, batch: int) -> float:
    """Return the milliseconds that the work takes once."""
    start = perf_counter()
    for _ in range(batch):
        work()
    return (perf_counter() - start) / batch * 1e3


def as_table(outcomes: Sequence[Outcome]) -> Table:
    """Return the outcomes for people, with a column for each contestant and each ratio."""
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.times))
    table = Table("case", *(f"{name}, ms" for name in names))
    for name in names[1:]:
        table.add_column(f"x {name}")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_column("share of bound", justify="right")
    table.add_column("bound")
    for outcome in outcomes:
        times = (_shown(outcome.times.get(name)) for name in names)
        ratios = (_shown(outcome.ratios.get(name)) for name in names[1:])
        share = f"{outcome.share:.0%}{'' if outcome.holds else ' BROKEN'}"
        table.add_row(outcome.case.name, *times, *ratios, share, str(outcome.case.bound))
    return table


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def as_documents(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Return the outcomes for programs; times are in milliseconds."""
    return [
        {
            "case": outcome.case.name,
            "times": outcome.times,
            "ratios": outcome.ratios,
            "bound": str(outcome.case.bound),
            "share": outcome.share,
            "holds": outcome.holds,
        }
        for outcome in outcomes
    ]


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table, as wide as it is."""
    Console(width=200, highlight=False).print(as_table(outcomes))
