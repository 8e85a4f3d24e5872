"""Following one connection's transaction, to know what became of each snapshot's statement.

A rollback to a savepoint that was set before a statement undoes it, though the transaction may
commit later. Only what happens while a snapshot is pending matters, so nothing is followed
before there is one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from backstop.errors import describe
from backstop.snapshots.manifest import Fate
from backstop.snapshots.repository import Repository
from backstop.syntax.controls import controls, takes_all_back
from backstop.syntax.statements import ControlKind, TransactionControl

_logger = logging.getLogger("backstop.snapshots")

_COMMITS = (ControlKind.COMMIT,)
_ROLLBACKS = (ControlKind.ROLLBACK,)


@dataclass(frozen=True)
class _Savepoint:
    name: str
    pending: int


class Fates:
    """The snapshots of one connection's open transaction, and the savepoints among them."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.pending: list[str] = []
        """The snapshots whose fate isn't known yet: always the same list."""
        self._savepoints: list[_Savepoint] = []

    @property
    def is_pending(self) -> bool:
        """Whether some snapshot's fate isn't known yet."""
        return bool(self.pending)

    def add(self, snapshot_id: str) -> None:
        """Follow one snapshot from here on."""
        self.pending.append(snapshot_id)

    def follow_own(self, snapshot_id: str, sql: str) -> None:
        """Take in the transaction control of a text that has a snapshot and succeeded.

        The snapshot is of all parts of the text. It is taken for rolled back only if every part is:
        what stands after a rollback, or before a savepoint, may be committed.
        """
        own = controls(sql)
        self._follow(own, among=1)
        kinds = {control.kind for control in own}
        self.add(snapshot_id)
        if not kinds.isdisjoint(_COMMITS):
            self._settle(len(self.pending) - 1, Fate.COMMITTED)
        elif takes_all_back(sql):
            self._settle(len(self.pending) - 1, Fate.ROLLED_BACK)
        elif ControlKind.PREPARE_TRANSACTION in kinds:
            self._settle(len(self.pending) - 1, Fate.UNKNOWN)

    def follow(self, sql: str, *, failed: bool = False) -> None:
        """Take in the transaction control of a text that has no snapshot and succeeded.

        A COMMIT of a ``failed`` transaction is a rollback.
        """
        found = list(controls(sql))
        if failed and found and found[0].kind in _COMMITS:
            found[0] = replace(found[0], kind=ControlKind.ROLLBACK)
        self._follow(found, among=0)

    def _follow(self, found: Iterable[TransactionControl], *, among: int) -> None:
        for control in found:
            name = control.name or ""
            if control.kind is ControlKind.SAVEPOINT:
                self._savepoints.append(_Savepoint(name, len(self.pending) + among))
            elif control.kind is ControlKind.RELEASE:
                self._forget(name)
            elif control.kind is ControlKind.ROLLBACK_TO:
                self._roll_back_to(name)
            elif control.kind in _COMMITS:
                self.end(Fate.COMMITTED)
            elif control.kind in _ROLLBACKS:
                self.end(Fate.ROLLED_BACK)
            elif control.kind is ControlKind.PREPARE_TRANSACTION:
                self.end(Fate.UNKNOWN)

    def end(self, fate: Fate) -> None:
        """Record the fate of everything that is pending."""
        self._settle(0, fate)
        self._savepoints.clear()

    def _roll_back_to(self, name: str) -> None:
        found = self._position(name)
        # A savepoint that we didn't see was set before the first snapshot.
        self._settle(self._savepoints[found].pending if found is not None else 0, Fate.ROLLED_BACK)
        if found is not None:
            del self._savepoints[found + 1 :]

    def _forget(self, name: str) -> None:
        found = self._position(name)
        if found is not None:
            del self._savepoints[found:]

    def _position(self, name: str) -> int | None:
        for index in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[index].name == name:
                return index
        return None

    def _settle(self, first: int, fate: Fate) -> None:
        settled = self.pending[first:]
        del self.pending[first:]
        if fate is Fate.UNKNOWN:
            return
        for snapshot_id in settled:
            try:
                self._repository.save_fate(snapshot_id, fate)
            except Exception as error:
                _logger.error(
                    "The fate of snapshot %s (%s) could not be stored: %s",
                    snapshot_id,
                    fate.value,
                    describe(error),
                )
