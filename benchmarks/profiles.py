"""Where the time goes: call tables of statements that pass, of saving, restoring and dropping.

python -m benchmarks.profiles [--json] [--write] [--megabytes N] [--tables N] [--repeats N]

By the standard library's profiler, in the thread that runs the statement: what compresses and
stores runs in threads of its own meanwhile. The profiler itself makes calls of Python look dearer
than they are. Of what asks the server, the questions are counted as well, by who asks and by how
the text begins.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg2

import backstop
from backstop.embedded import EmbeddedServer
from benchmarks.asked import Asked, Share, counted, named
from benchmarks.report import PAGES, Report, compared, keep, surroundings
from benchmarks.tables import NARROW

_ROWS = 15

Work = Callable[[], object]


@dataclass(frozen=True)
class Profile:
    """What one piece of work took, in milliseconds, the costliest functions first."""

    title: str
    milliseconds: float
    functions: Sequence[Share]
    asked: Asked


def profiled(title: str, work: Work, repeats: int = 1) -> Profile:
    """Profile a piece of work, which has been done before."""
    profiler = cProfile.Profile()
    with counted() as asked:
        start = perf_counter()
        profiler.enable()
        for _ in range(repeats):
            work()
        profiler.disable()
        taken = (perf_counter() - start) * 1e3
    stats: Any = pstats.Stats(profiler)
    functions = [
        Share(named(file, name), calls, own * 1e3)
        for (file, _, name), (_, calls, own, _, _) in stats.stats.items()
    ]
    return Profile(title, taken, _costliest(functions), asked)


def _costliest(shares: Iterable[Share]) -> list[Share]:
    return sorted(shares, key=lambda share: share.milliseconds, reverse=True)[:_ROWS]


def of_statements(server: EmbeddedServer, folder: Path, repeats: int) -> Iterator[Profile]:
    """Profile statements that just run, and pages of objects."""
    # What it needs besides comes with the group of dependencies 'bench' alone.
    from benchmarks import statements

    dsn = f"host={server.socket_folder or '127.0.0.1'} port={server.port} user=postgres"
    statements.set_up(dsn)
    settings = {"storage": folder.as_uri(), "actor": "benchmark"}
    chosen = (
        ("psycopg2", statements.MONITOR, statements.SELECT_ONE, repeats),
        ("psycopg2", statements.PROTECT, statements.SELECT_ONE, repeats),
        ("psycopg2", statements.MONITOR, statements.BY_KEY, repeats),
        ("psycopg2", statements.PROTECT, statements.BY_KEY, repeats),
        ("SQLAlchemy", statements.PROTECT, statements.PAGE, repeats // 50 + 1),
        ("Django", statements.PROTECT, statements.PAGE, repeats // 50 + 1),
    )
    for library, contestants in statements.LIBRARIES.items():
        with contestants(dsn, settings) as found:
            for named, mode, kind, times in chosen:
                if named == library:
                    run = found[mode][kind.name]
                    run("1")
                    yield profiled(
                        f"{library}, {kind.name} in {mode}, {times:,} times",
                        partial(run, "1"),
                        times,
                    )


def of_a_table(server: EmbeddedServer, folder: Path, megabytes: int) -> Iterator[Profile]:
    """Profile saving a table, and restoring it when it is dropped."""
    storage = (folder / "table").as_uri()
    with closing(psycopg2.connect(server.dsn())) as raw:
        raw.autocommit = True
        NARROW.create(raw, megabytes)
        raw.autocommit = False
        connection = backstop.guard(raw, storage=storage, actor="benchmark")
        cursor = connection.cursor()

        def save() -> None:
            cursor.execute(f"TRUNCATE {NARROW.name}")
            connection.rollback()

        save()
        yield profiled(f"Saving a table of {megabytes} MB to a folder, as it is emptied", save)
        cursor.execute(f"DROP TABLE {NARROW.name}")
        connection.commit()
    snapshot = backstop.snapshots.list(storage)[-1]

    def restore() -> None:
        backstop.restore(snapshot.id, storage=storage, dsn=server.dsn())

    restore()
    with closing(psycopg2.connect(server.dsn())) as raw, raw:
        raw.cursor().execute(f"DROP TABLE {NARROW.name}")
    yield profiled(f"Restoring a table of {megabytes} MB with its key and its index", restore)


def of_a_drop(server: EmbeddedServer, folder: Path, tables: int) -> Iterator[Profile]:
    """Profile dropping one of many tables."""
    with closing(psycopg2.connect(server.dsn())) as raw:
        raw.autocommit = True
        for number in range(tables):
            raw.cursor().execute(
                f"CREATE TABLE many{number} (id serial PRIMARY KEY, name text DEFAULT 'n', at date)"
            )
        storage = (folder / "drop").as_uri()
        cursor = backstop.guard(raw, storage=storage, actor="benchmark").cursor()
        cursor.execute("DROP TABLE many1")
        yield profiled(
            f"Dropping one of {tables:,} tables", lambda: cursor.execute("DROP TABLE many0")
        )


def page(found: Sequence[Profile], programs: dict[str, str]) -> str:
    """Return the documentation's page."""
    lines = ["# Where the time goes", "", " ".join(_TOLD), ""]
    for profile in found:
        lines += [f"## {profile.title}", ""]
        lines += [f"{profile.milliseconds:,.1f} ms under the profiler.", ""]
        lines += _table("function", profile.functions, profile.milliseconds)
        if profile.asked.calls:
            lines += _questions(profile)
    measured_on = ", ".join(f"{name} {value}" for name, value in programs.items())
    return "\n".join([*lines, f"Measured on: {measured_on}.", ""])


def _questions(profile: Profile) -> list[str]:
    asked, whole = profile.asked, profile.milliseconds
    return [
        f"The server was asked {asked.calls:,} times, which took {asked.milliseconds:,.1f} ms.",
        "",
        *_table("asks the server", _costliest(asked.by_asker.values()), whole),
        *_table("query begins with", _costliest(asked.by_words.values()), whole),
    ]


_TOLD = (
    "What each function takes by itself, of what runs in the statement's thread; compressing and",
    "storing have threads of their own. Under the profiler calls of Python take longer than they",
    "do, so that only shares mean something; `function GuardCursor.execute` is the driver's own,",
    "in C, with the wait for the server. `nox -s bench -- profiles --write` wrote this page.",
)


def _table(title: str, shares: Sequence[Share], whole: float) -> list[str]:
    return [
        f"| {title} | calls | ms | share |",
        "|---|---|---|---|",
        *(
            f"| `{share.name}` | {share.calls:,} | {share.milliseconds:,.1f} "
            f"| {share.milliseconds / whole:.0%} |"
            for share in shares
        ),
        "",
    ]


def report(found: Sequence[Profile], conditions: dict[str, int]) -> Report:
    """Return the numbers that the next run is compared with."""
    return Report(
        "profiles",
        "Where the time goes",
        " ".join(_TOLD),
        "milliseconds, and questions",
        {
            profile.title: {
                "in all": profile.milliseconds,
                "asking the server": profile.asked.milliseconds,
                "questions": profile.asked.calls,
            }
            for profile in found
        },
        conditions=conditions,
    )


def main(arguments: list[str] | None = None) -> int:
    """Profile and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON in place of the page")
    parser.add_argument("--check", action="store_true", help="for the others' sake: no bound here")
    parser.add_argument("--write", action="store_true", help="write the documentation's page")
    parser.add_argument("--megabytes", type=int, default=100, help="how large a table is, as text")
    parser.add_argument("--tables", type=int, default=1_000, help="among how many one is dropped")
    parser.add_argument("--repeats", type=int, default=10_000, help="how often a statement runs")
    options = parser.parse_args(arguments)
    with EmbeddedServer() as server, TemporaryDirectory() as folder:
        found = [
            *of_statements(server, Path(folder, "statements"), options.repeats),
            *of_a_table(server, Path(folder), options.megabytes),
            *of_a_drop(server, Path(folder), options.tables),
        ]
        programs = {"PostgreSQL": server.version}
    names = ("megabytes", "tables", "repeats")
    numbers = report(found, {name: getattr(options, name) for name in names})
    text = page(found, surroundings(programs))
    if options.json:
        print(json.dumps([asdict(profile) for profile in found], indent=2))
    else:
        print(text, *compared(numbers), sep="\n")
    if options.write:
        PAGES.joinpath("profiles.md").write_text(text, encoding="utf-8")
        keep(numbers, programs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
