"""What the demo proves: each table's checksum before the damage, after it, and after restore."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Checksum:
    """What the server says of one table's rows; both None where the table doesn't exist."""

    rows: int | None
    md5: str | None


@dataclass(frozen=True)
class TableProof:
    """One table's way through the demo."""

    name: str
    before: Checksum
    destroyed: Checksum
    after: Checksum

    @property
    def same(self) -> bool:
        """Whether it came back exactly."""
        return self.before.md5 is not None and self.before == self.after


@dataclass(frozen=True)
class DemoReport:
    """What the demo did; ``problems`` are sentences about what is not as it was."""

    tables: tuple[TableProof, ...]
    snapshots: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether everything came back."""
        return bool(self.tables) and all(table.same for table in self.tables) and not self.problems
