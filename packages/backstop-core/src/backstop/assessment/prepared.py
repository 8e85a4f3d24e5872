"""What an EXECUTE runs: the text that was prepared under its name.

It is asked of the server, and remembered until something may have been prepared anew or
deallocated. A text that prepares and executes can't be asked about before it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Callable, NamedTuple

from backstop.classifier import classify
from backstop.errors import BackstopError
from backstop.levels import RiskLevel
from backstop.postgres.code import prepared
from backstop.postgres.code.prepared import PreparedStatement
from backstop.result import Finding, RiskResult, harmless
from backstop.session import Session
from backstop.syntax.lexer import LexError, TokenKind, tokenize
from backstop.syntax.parts import unwrap
from backstop.syntax.statements import split
from backstop.syntax.structure import match_brackets
from backstop.syntax.uses import stored_name

EXECUTES = "executes-prepared"
PREPARES = frozenset({"PREPARE", "DEALLOCATE", "DISCARD"})

# The application may prepare on the driver's own connection, where nobody tells us.
_KNOWN_FOR = 60.0


class NotPrepared(Exception):
    """Nothing is prepared under a name, or not for so many values."""


class Executed(NamedTuple):
    """What one EXECUTE runs, with the types of its parameters."""

    name: str
    text: str
    types: tuple[str, ...]


class Prepared:
    """The prepared statements of one connection, as far as they were asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, tuple[Executed, float]] = {}

    def forget(self) -> None:
        """Ask again: a name may stand for another statement."""
        self._known.clear()

    def knows(self, text: str, result: RiskResult) -> bool:
        """Whether nothing has to be asked for what a text executes."""
        names = [_name(text, finding) for finding in _executions(result)]
        return all(name is None or self._still_known(name) is not None for name in names)

    def explain(
        self, text: str, result: RiskResult, judge: Callable[[str, RiskResult], RiskResult]
    ) -> RiskResult:
        """Return the result with what the text executes, judged, in place of its EXECUTE."""
        if not PREPARES.isdisjoint(result.operations):
            return result
        findings = [finding for finding in result.findings if finding.kind != EXECUTES]
        tables = dict.fromkeys(result.tables)
        for finding in _executions(result):
            name = _name(text, finding)
            executed = None if name is None else self._find(name)
            if executed is None:
                findings.append(finding)
                continue
            inner = judge(executed.text, classify(executed.text))
            tables.update(dict.fromkeys(inner.tables))
            findings += [
                replace(
                    found,
                    reason=f"The prepared statement {executed.name} runs. {found.reason}",
                    start=finding.start,
                    end=finding.end,
                )
                for found in inner.findings
            ]
        worst = max(findings, key=lambda finding: finding.level.rank, default=None)
        return replace(
            result,
            level=RiskLevel.SAFE if worst is None else worst.level,
            reason=harmless(result.operations) if worst is None else worst.reason,
            findings=tuple(findings),
            tables=tuple(tables),
        )

    def inlined(self, sql: str) -> str:
        """Return a text with what it executes in place of each EXECUTE, values included.

        Raises NotPrepared for a name that stands for nothing, or is called with too few values,
        and BackstopError where the text itself prepares it.
        """
        result = classify(sql)
        found = _executions(result)
        if found and not PREPARES.isdisjoint(result.operations):
            raise BackstopError("the text itself prepares it")
        for finding in sorted(found, key=lambda finding: -finding.start):
            name = _name(sql, finding)
            executed = None if name is None else self._find(name)
            if executed is None:
                raise NotPrepared
            plain = _with_values(executed, sql[finding.start : finding.end])
            sql = f"{sql[: finding.start]}{plain}\n{sql[finding.end :]}"
        return sql

    def _still_known(self, name: str) -> Executed | None:
        known = self._known.get(name)
        return known[0] if known is not None and time.monotonic() < known[1] else None

    def _find(self, name: str) -> Executed | None:
        known = self._still_known(name)
        if known is not None:
            return known
        found = prepared.find(self._session, name)
        text = None if found is None else self._text_of(name, found)
        if found is None or text is None:
            return None
        executed = Executed(name, text, found.types)
        self._known[name] = (executed, time.monotonic() + _KNOWN_FOR)
        return executed

    def _text_of(self, name: str, found: PreparedStatement) -> str | None:
        if "\\" in found.text and not self._session.standard_strings:
            return None
        if not found.by_sql:
            return found.text
        try:
            return next(_prepared_in(found.text, name), None)
        except LexError:
            return None


def _executions(result: RiskResult) -> list[Finding]:
    return [finding for finding in result.findings if finding.kind == EXECUTES]


def _name(text: str, finding: Finding) -> str | None:
    """Return the name that an EXECUTE stands before, as the server stores it."""
    tokens = tokenize(text[finding.start : finding.end])
    is_name = len(tokens) > 1 and tokens[1].kind in (TokenKind.WORD, TokenKind.QUOTED)
    return stored_name(tokens[1]) if is_name else None


def _prepared_in(text: str, name: str) -> Iterator[str]:
    """Give what a text prepares under a name; the last is what the name stands for."""
    for statement in reversed(split(text)):
        tokens = list(statement.tokens)
        if tokens[0].upper == "PREPARE" and len(tokens) > 1 and stored_name(tokens[1]) == name:
            wrapped = unwrap(tokens, match_brackets(tokens), 0, len(tokens))
            if wrapped is not None:
                yield text[tokens[wrapped.start].start : tokens[wrapped.stop - 1].end]


def _with_values(executed: Executed, call: str) -> str:
    """Return the statement with the arguments of a call in place of its parameters."""
    values = _arguments(call)
    if len(values) != len(executed.types):
        raise NotPrepared
    plain = executed.text
    for token in reversed(tokenize(executed.text)):
        if token.kind is TokenKind.PLACEHOLDER and token.text.startswith("$"):
            number = int(token.text[1:]) - 1
            value = f"CAST(({values[number]}\n) AS {executed.types[number]})"
            plain = f"{plain[: token.start]}{value}{plain[token.end :]}"
    return plain


def _arguments(call: str) -> list[str]:
    """Return the arguments of an EXECUTE, as they are written."""
    tokens = tokenize(call)
    if len(tokens) < 4 or tokens[2].text != "(":
        return []
    found, depth, start = [], 0, tokens[2].end
    for token in tokens[3:]:
        if depth == 0 and token.text in (",", ")"):
            found.append(call[start : token.start])
            start = token.end
            if token.text == ")":
                break
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
    return found
