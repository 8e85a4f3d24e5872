"""What is to be saved, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backstop.result import RiskResult
from backstop.settings import Limits
from backstop.snapshots.footprint import Rehearsal
from backstop.snapshots.manifest import Consistency


@dataclass(frozen=True)
class SnapshotRequest:
    """What is to be saved, and why.

    ``sql`` is the text as the server gets it; ``shown`` is the text with its literals masked.
    ``in_parts`` says that the text reaches the server in several pieces, one after the other,
    ``at_once`` that it can't be run twice, and ``once`` that it goes on when its run has returned.
    ``whole`` says that its conditions can't be evaluated beforehand. ``rehearsal`` is what was seen
    of it already. ``defines`` says that it changes or drops objects of the database by its own
    words, and ``keeps_rewritten`` that a table which it only writes anew has kept its rows.
    ``only_rows`` says that it does nothing but to change rows. ``create_database`` are the
    statements that create the database that it drops, and ``not_covered`` is what isn't saved
    anyway. ``redact`` are patterns of columns whose values are never saved.
    """

    sql: str
    shown: str
    result: RiskResult
    actor: str
    mode: str
    context: Mapping[str, str]
    allowed: str | None
    limits: Limits
    in_parts: bool = False
    once: bool = False
    at_once: bool = False
    whole: bool = False
    rehearsal: Rehearsal | None = None
    consistency: Consistency = Consistency.EXACT
    defines: bool = False
    keeps_rewritten: bool = False
    only_rows: bool = False
    create_database: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
