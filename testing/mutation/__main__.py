"""Runs every mutant on all cores, and fails if one survives."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from testing.mutation.checks import ROOT, Checks
from testing.mutation.mutants import Mutant, find_lines, find_mutants
from testing.mutation.replacing import Replacing
from testing.tables import read_table

SOURCE = ROOT / "packages" / "backstop-core" / "src" / "backstop"
EQUIVALENT = Path(__file__).with_name("equivalent.tsv")
_replacing = Replacing()
_checks = Checks()


@cache
def _source(module: str) -> bytes:
    """Return a file's content as it is when the run starts: the workers inherit it."""
    return (SOURCE / module).read_bytes()


def _prepare() -> None:
    logging.disable()
    sys.meta_path.insert(0, _replacing)
    with _replacing.replaced("", b""):
        _checks.measure()


def _survives(mutant: Mutant) -> tuple[Mutant, str | None]:
    content = mutant.applied(_source(mutant.module))
    with _replacing.replaced(str(SOURCE / mutant.module), content):
        return mutant, _checks.failing((mutant.module, mutant.place))


def _mutants(names: list[str]) -> list[Mutant]:
    found: list[Mutant] = []
    for folder in ("classifier", "syntax"):
        for path in sorted((SOURCE / folder).rglob("*.*")):
            module = path.relative_to(SOURCE).as_posix()
            if path.suffix == ".py" and (not names or path.stem in names):
                found.extend(find_mutants(module, _source(module)))
            elif path.suffix == ".txt" and (not names or path.name in names):
                found.extend(find_lines(module, _source(module)))
    return found


def _equivalent() -> dict[tuple[str, str, str], str]:
    """Return the mutants that change nothing, each with the reason why."""
    rows = read_table(EQUIVALENT)
    return {(module, place, change): reason for module, place, change, reason in rows}


def main(names: list[str]) -> int:
    """Run the mutants of the modules named (or of all), and say which ones no test kills."""
    started = time.monotonic()
    mutants = _mutants(names)
    equivalent = _equivalent()
    complaints = [
        f"{' '.join(name)}: listed as equivalent, but there is no such mutant"
        for name in set(equivalent) - {mutant.name for mutant in mutants}
        if not names
    ]
    survived: Counter[str] = Counter()
    with get_context("fork").Pool(initializer=_prepare) as pool:
        for mutant, killer in pool.imap(_survives, mutants, chunksize=16):
            where = f"{mutant.module}:{mutant.line} {mutant.place}: {mutant.change}"
            if killer is None and mutant.name not in equivalent:
                survived[mutant.module] += 1
                complaints.append(where)
                print(where, flush=True)
            elif killer is not None and mutant.name in equivalent:
                complaints.append(f"{where}: listed as equivalent, but {killer} fails")
    _report(mutants, survived, complaints)
    print(f"{len(mutants)} mutants in {time.monotonic() - started:.0f} s.")
    return 1 if complaints else 0


def _report(mutants: list[Mutant], survived: Counter[str], complaints: list[str]) -> None:
    print()
    print(*complaints, sep="\n")
    for module, count in Counter(mutant.module for mutant in mutants).items():
        print(f"{module}: {count} mutants, {survived[module]} survive")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
