"""What classifying a text takes, beside parsing it with sqlglot and looking it up in a dict.

python -m benchmarks.classifying [--json] [--check] [--write] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version

import sqlglot
import sqlglot.parser

from backstop import classify
from benchmarks import texts
from benchmarks.report import Report, compared, write
from benchmarks.side_by_side import (
    Bound,
    Case,
    Contestants,
    Outcome,
    as_documents,
    measure,
    show,
)

PARSER, LOOKUP = "sqlglot.parse", "dict look-up"
REPEATED = Bound(LOOKUP, 1.0, over=1.0)
READ = Bound(PARSER, 0.2)
WRITE = Bound(PARSER, 1.2)
LIST = Bound(PARSER, 0.1)

CASES = [
    Case("repeated text", texts.repeated, 200, REPEATED),
    Case("repeated text, new trace comment", texts.traced, 50, READ),
    Case("new SELECT by id", texts.read_by_id, 50, READ),
    Case("new SELECT with joins", texts.read_with_joins, 20, READ),
    Case("new SELECT of Django's", texts.read_by_django, 20, READ),
    Case("new SELECT of 40 lines", texts.read_for_analysis, 5, READ),
    Case("new INSERT", texts.insert, 50, WRITE),
    Case("new UPDATE by key", texts.update_by_key, 50, WRITE),
    Case("new DELETE by key", texts.delete_by_key, 50, WRITE),
    Case("new upsert", texts.upsert, 50, WRITE),
    Case("new WITH that writes", texts.write_in_with, 20, WRITE),
    Case("INSERT of 1,000 rows", texts.insert_of_rows, 1, LIST),
    Case("INSERT of 1,000 rows of placeholders", texts.insert_of_placeholders, 1, LIST),
    Case("IN of 5,000 numbers", texts.list_of_numbers, 1, LIST),
    Case("IN of 5,000 strings", texts.list_of_strings, 1, LIST),
    Case("IN of 5,000 placeholders", texts.list_of_placeholders, 1, LIST),
    Case("DELETE by 5,000 keys", texts.delete_of_list, 1, LIST),
]


def contestants() -> Contestants:
    """Return what is measured: Backstop first, then its rivals."""
    known = {texts.repeated(0): True}
    return {
        "classify": classify,
        PARSER: lambda text: sqlglot.parse(text, read="postgres"),
        LOOKUP: known.get,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; with --check the exit code says whether every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bound is broken")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--rounds", type=int, default=15, help="how often each case is measured")
    options = parser.parse_args(arguments)
    if not sqlglot.parser.__file__.endswith(".py"):
        parser.error("sqlglot is compiled here; the bounds are those of pure Python")
    outcomes = [measure(case, contestants(), options.rounds) for case in CASES]
    if options.json:
        print(json.dumps(as_documents(outcomes), indent=2))
    else:
        print(f"Python {platform.python_version()}, sqlglot {version('sqlglot')}; medians")
        show(outcomes)
        print(*compared(report(outcomes)), sep="\n")
    if options.write:
        write(report(outcomes), {"sqlglot": version("sqlglot")})
    return 1 if options.check and not all(outcome.holds for outcome in outcomes) else 0


def report(outcomes: Sequence[Outcome]) -> Report:
    """Return what the documentation shows."""
    return Report(
        "classifying",
        "What classifying a text takes",
        "Processor time, beside parsing with sqlglot (pure Python) and looking a text up in a "
        "dict. Every new text differs from all before it, so that no cache can answer.",
        "microseconds a text",
        {outcome.case.name: outcome.times for outcome in outcomes},
    )


if __name__ == "__main__":
    sys.exit(main())
