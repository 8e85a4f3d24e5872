"""Where the time goes: call tables of statements that pass, of saving, restoring and dropping.

python -m benchmarks.profiles [--write] [--megabytes N] [--tables N] [--repeats N]

By the standard library's profiler, in the thread that runs the statement: what compresses and
stores runs in threads of its own meanwhile. The profiler itself makes calls of Python look dearer
than they are. Of what asks the server, the questions are counted as well, by who asks.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg2

import backstop
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.embedded import EmbeddedServer
from benchmarks.report import PAGES, surroundings
from benchmarks.tables import NARROW

_ROWS = 15
_ASKS = ("execute", "fetch", "copy_out", "copy_in")
_ROOTS = ("src", "site-packages", Path(sysconfig.get_path("stdlib")).name, "benchmarks")
_ADDRESS = re.compile(" at 0x[0-9a-f]+")
# Who asks is whoever called these.
_BETWEEN = ("profiles.py", "query.py", "transactions.py", "contextlib.py")

Work = Callable[[], object]


@dataclass(frozen=True)
class Share:
    """What one function took of the whole: milliseconds of its own, and how often it was called."""

    name: str
    calls: int
    milliseconds: float


@dataclass(frozen=True)
class Profile:
    """What one piece of work took, in milliseconds, the costliest functions first."""

    title: str
    milliseconds: float
    functions: Sequence[Share]
    questions: Sequence[Share]


def profiled(title: str, work: Work, repeats: int = 1) -> Profile:
    """Profile a piece of work, which has been done before."""
    profiler = cProfile.Profile()
    with _counted() as asked:
        start = perf_counter()
        profiler.enable()
        for _ in range(repeats):
            work()
        profiler.disable()
        taken = (perf_counter() - start) * 1e3
    stats: Any = pstats.Stats(profiler)
    functions = [
        Share(_named(file, name), calls, own * 1e3)
        for (file, _, name), (_, calls, own, _, _) in stats.stats.items()
    ]
    return Profile(title, taken, _costliest(functions), _costliest(asked.values()))


def _costliest(shares: Any) -> list[Share]:
    return sorted(shares, key=lambda share: share.milliseconds, reverse=True)[:_ROWS]


@cache
def _named(file: str, name: str) -> str:
    """Return a function's name, with its file's below whatever holds the packages."""
    if file == "~":
        return _ADDRESS.sub("", name.strip("<>"))
    path = Path(file)
    for mark in _ROOTS:
        if mark in path.parts:
            path = Path(*path.parts[path.parts.index(mark) + 1 :])
            break
    return f"{path.as_posix()}:{name}"


@contextmanager
def _counted() -> Iterator[dict[str, Share]]:
    """Count what core asks the server meanwhile, by the function that asks."""
    found: dict[str, Share] = {}
    kept = {name: getattr(Psycopg2Session, name) for name in _ASKS}

    def counting(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asks(*arguments: Any) -> Any:
            start = perf_counter()
            try:
                return ask(*arguments)
            finally:
                name, taken = _asker(), (perf_counter() - start) * 1e3
                before = found.get(name, Share(name, 0, 0.0))
                found[name] = Share(name, before.calls + 1, before.milliseconds + taken)

        return asks

    for name, ask in kept.items():
        setattr(Psycopg2Session, name, counting(ask))
    try:
        yield found
    finally:
        for name, ask in kept.items():
            setattr(Psycopg2Session, name, ask)


def _asker() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(_BETWEEN):
        frame = frame.f_back
    return _named(frame.f_code.co_filename, frame.f_code.co_name)


def of_statements(server: EmbeddedServer, folder: Path, repeats: int) -> Iterator[Profile]:
    """Profile statements that just run, and pages of objects."""
    # What it needs besides comes with the group of dependencies 'bench' alone.
    from benchmarks import statements

    dsn = f"host={server.socket_folder or '127.0.0.1'} port={server.port} user=postgres"
    statements.set_up(dsn)
    settings = {"storage": folder.as_uri(), "actor": "benchmark"}
    chosen = (
        ("psycopg2", statements.MONITOR, statements.SELECT_ONE, repeats),
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
    yield profiled(
        f"Restoring a table of {megabytes} MB with its key and its index",
        lambda: backstop.restore(snapshot.id, storage=storage, dsn=server.dsn()),
    )


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
        if profile.questions:
            lines += _table("asks the server", profile.questions, profile.milliseconds)
    measured_on = ", ".join(f"{name} {value}" for name, value in programs.items())
    return "\n".join([*lines, f"Measured on: {measured_on}.", ""])


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


def main(arguments: list[str] | None = None) -> int:
    """Profile and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
        text = page(found, surroundings({"PostgreSQL": server.version}))
    if options.write:
        PAGES.joinpath("profiles.md").write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
