"""What the rules pass to each other: a text with its tokens, and what they found in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.lexer import Token
from backstop.syntax.structure import Name, match_brackets


class Risk(NamedTuple):
    """What a rule says about a kind of thing: a stable key, a level, and a sentence."""

    kind: str
    level: RiskLevel
    reason: str


class Source:
    """One text, its tokens and the partners of its brackets; raises `LexError` if they don't match.

    ``depth`` counts how many bodies (DO, functions) the text is inside of.
    """

    def __init__(self, sql: str, tokens: list[Token], depth: int = 0) -> None:
        self.sql = sql
        self.tokens = tokens
        self.pairs = match_brackets(tokens)
        self.depth = depth

    def slice(self, start: int, stop: int) -> str:
        """Return the text between two token indexes, as it is written."""
        return self.sql[self.tokens[start].start : self.tokens[stop - 1].end]

    def name(self, name: Name) -> str:
        """Return a name as it is written."""
        return self.slice(name.start, name.stop)

    def finding(self, risk: Risk, start: int, stop: int, table: str | None = None) -> Finding:
        """Place a risk at the tokens between two indexes."""
        begin, end = self.tokens[start].start, self.tokens[stop - 1].end
        return Finding(risk.kind, risk.level, risk.reason, table, begin, end)


@dataclass
class Verdict:
    """What is known of one statement; without findings it is SAFE."""

    operation: str
    findings: list[Finding] = field(default_factory=list)
    tables: dict[str, None] = field(default_factory=dict)
    """The tables' names in order, each once."""

    @property
    def level(self) -> RiskLevel:
        """The level of the riskiest finding."""
        if not self.findings:
            return RiskLevel.SAFE
        return max(finding.level for finding in self.findings)

    def add_tables(self, tables: Iterable[str]) -> None:
        """Note tables by name, each once."""
        self.tables.update(dict.fromkeys(tables))
