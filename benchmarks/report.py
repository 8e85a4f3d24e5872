"""What the documentation shows of a benchmark: a table, a plot, and on what machine it ran.

The numbers are kept as JSON besides; the next run says how it compares with them.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from io import StringIO
from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "operations" / "measured"
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Report:
    """One benchmark's numbers: for each row, by the names of the columns, in one unit.

    ``name`` is that of its files. Where the rows' names are sizes of ``curves``, these are drawn as
    lines, otherwise as bars. ``told`` is a sentence or two on what was measured; ``conditions`` are
    what two runs must share to be compared.
    """

    name: str
    title: str
    told: str
    unit: str
    rows: Mapping[str, Mapping[str, float]]
    curves: bool = False
    conditions: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order of their first appearance."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))


def write(report: Report, programs: Mapping[str, str]) -> None:
    """Write page, plot and numbers; ``programs`` are versions that count besides Python's."""
    PAGES.mkdir(parents=True, exist_ok=True)
    page = _page(report, surroundings(programs))
    (PAGES / f"{report.name}.md").write_text(page, encoding="utf-8")
    (PAGES / f"{report.name}.svg").write_text(_plot(report), encoding="utf-8")
    keep(report, programs)


def keep(report: Report, programs: Mapping[str, str]) -> None:
    """Write the numbers alone, for the next run to be compared with."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    document = {
        "unit": report.unit,
        "measured on": surroundings(programs),
        "conditions": report.conditions,
        "rows": report.rows,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (RESULTS / f"{report.name}.json").write_text(f"{text}\n", encoding="utf-8")


def compared(report: Report) -> list[str]:
    """Return a line for each number that has changed by more than a tenth since it was written."""
    file = RESULTS / f"{report.name}.json"
    if not file.exists():
        return []
    document = json.loads(file.read_text(encoding="utf-8"))
    if document.get("conditions", {}) != report.conditions:
        return ["Not compared with the run before, which was measured under other conditions."]
    before = document["rows"]
    return [
        f"{row}, {column}: {now / then:.2f} times what it was"
        for row, values in report.rows.items()
        for column, now in values.items()
        if (then := before.get(row, {}).get(column)) and not 0.9 <= now / then <= 1.1
    ]


def installed(*distributions: str) -> dict[str, str]:
    """Return the versions of distributions."""
    return {name: version(name) for name in distributions}


def surroundings(programs: Mapping[str, str]) -> dict[str, str]:
    """Return on what it was measured: the machine, but for its name, and versions of programs."""
    return {**_machine(), "Python": platform.python_version(), **programs}


def _machine() -> dict[str, str]:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text(encoding="utf-8").splitlines() if cpu.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "date": date.today().isoformat(),
    }


def _page(report: Report, measured_on: Mapping[str, str]) -> str:
    columns = report.columns
    where = ", ".join(f"{name} {value}" for name, value in measured_on.items())
    lines = [
        f"# {report.title}",
        "",
        report.told,
        "",
        f"In {report.unit}.",
        "",
        f"|  | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
        *(
            f"| {name} | {' | '.join(_number(row.get(column)) for column in columns)} |"
            for name, row in report.rows.items()
        ),
        "",
        f"![{report.title}]({report.name}.svg)",
        "",
        f"Measured on: {where}.",
        "",
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    digits = max(0, 1 - floor(log10(value))) if value else 0
    return f"{value:,.{min(digits, 3)}f}"


def _plot(report: Report) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # So that the same numbers make the same file.
    mpl.rcParams["svg.hashsalt"] = report.name
    rows, columns = list(report.rows), report.columns
    figure = Figure(figsize=(9, 5 if report.curves else 1 + 0.22 * len(rows) * len(columns)))
    axes = figure.subplots()
    if report.curves:
        for column in columns:
            points = [(int(row.replace(",", "")), report.rows[row].get(column)) for row in rows]
            known = [(size, value) for size, value in points if value is not None]
            axes.plot(*zip(*known), marker="o", label=column)
        axes.set(xscale="log", yscale="log", ylabel=report.unit)
        axes.grid(alpha=0.3)
    else:
        _draw_bars(axes, report, rows, columns)
    axes.legend()
    figure.tight_layout()
    file = StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _draw_bars(axes: Axes, report: Report, rows: Sequence[str], columns: Sequence[str]) -> None:
    height = 0.8 / len(columns)
    for number, column in enumerate(columns):
        places = [place + number * height for place in range(len(rows))]
        axes.barh(places, [report.rows[row].get(column, 0) for row in rows], height, label=column)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(rows))], rows)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel=report.unit)
