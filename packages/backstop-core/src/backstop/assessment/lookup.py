"""Puts what the catalog says of a text's names and operators into the text's result."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from backstop import hidden
from backstop.assessment.meanings import Meanings
from backstop.assessment.reading import Meaning
from backstop.classifier._source import Source
from backstop.classifier.bodies import language_and_code
from backstop.classifier.literals import literal_text
from backstop.classifier.routines import READABLE
from backstop.levels import RiskLevel
from backstop.postgres.code.summary import Cast
from backstop.result import Finding, RiskResult, harmless
from backstop.syntax.lexer import Token
from backstop.syntax.parts import READS, WRITES, unwrap
from backstop.syntax.statements import StatementText, split
from backstop.syntax.structure import match_brackets, upper_at
from backstop.syntax.uses import OperatorUse, Use, used_names, used_operators, written_names

_RUN = (
    READS
    | WRITES
    | {*("WITH", "(", "COPY", "EXPLAIN", "DECLARE", "PREPARE", "CALL", "EXECUTE", "REFRESH")}
)
# Changing these computes expressions now.
_REWRITTEN = frozenset({"TABLE", "DOMAIN"})
_WRITES = re.compile(r"\b(?:insert|update|merge|copy)\b", re.IGNORECASE)
_CASTS = re.compile(r"::|\bcast\b", re.IGNORECASE)
_UNREADABLE_NAME = Meaning(
    RiskLevel.HIGH,
    "A name is written in escapes of its own (UESCAPE), so that it can't be looked up. "
    "Write it plainly.",
    opaque=True,
)
_MOVES = "It may set the search path or the role, by which names stand for others afterwards."
# What event triggers may see.
DEFINITIONS = (
    *("ALTER", "COMMENT", "CREATE", "DROP", "GRANT", "IMPORT", "REFRESH", "REINDEX", "REVOKE"),
    "SECURITY LABEL",
)


class _Span(NamedTuple):
    """Where the tokens of a statement that run start, and whether only calls and types in them do.

    ``plans`` is whether nothing but planning happens: then nothing is written.
    """

    start: int
    calls_only: bool
    plans: bool = False


def look_up(
    meanings: Meanings,
    casts: list[tuple[Cast, Meaning]],
    text: str,
    result: RiskResult,
    triggers_from: RiskLevel,
) -> RiskResult:
    """Return the result with findings taken back by proof, and with those that the catalog adds.

    ``casts`` are the casts that have effects. ``triggers_from`` is the lowest level at which
    triggers and rules count. The text can be read.
    """
    reader = _Reader(meanings, triggers_from)
    statements = split(text)
    for statement in statements:
        reader.read(statement, casts)
    if meanings.watches_definitions:
        reader.add_definitions(result, len(text))
    findings = [*reader.explain(result.findings), *reader.found]
    worst = max(findings, key=lambda finding: finding.level.rank, default=None)
    if worst is None:
        reason = harmless(result.operations)
        return replace(result, level=RiskLevel.SAFE, reason=reason, findings=())
    return replace(result, level=worst.level, reason=worst.reason, findings=tuple(findings))


class _Reader:
    """The statements of one text: ``found`` is what the catalog adds to the text's findings."""

    def __init__(self, meanings: Meanings, triggers_from: RiskLevel) -> None:
        self._meanings = meanings
        self._triggers_from = triggers_from
        self._names: dict[int, Meaning | None] = {}
        self._operators: list[OperatorUse] = []
        self._told: set[str] = set()
        self._read_code: set[int] = set()
        self.found: list[Finding] = []

    def read(self, statement: StatementText, casts: list[tuple[Cast, Meaning]]) -> None:
        tokens = list(statement.tokens)
        if tokens[0].upper == "DO":
            meaning = self._of_block(tokens)
            if meaning is not None:
                self._read_code.add(statement.start)
            self._add(meaning, statement.start, statement.end)
            return
        span = _running(tokens)
        if span is None:
            return
        self._add_names(tokens, span)
        if tokens[0].upper == "CALL" and self._names.get(tokens[1].start) is not None:
            self._read_code.add(statement.start)
        if not (span.calls_only or span.plans):
            self._add_writes(tokens, span)
        for used in used_operators(tokens, span.start, len(tokens)):
            self._operators.append(used)
            self._add(self._meanings.of_operator(used.symbol), used.start, used.end)
        for cast, meaning in casts:
            if _may_use(cast, statement.text):
                self._add(meaning, statement.start, statement.end)

    def _add_names(self, tokens: list[Token], span: _Span) -> None:
        for use in used_names(tokens, span.start, len(tokens)):
            # What else is named is defined, but for types: their checks run on the rows there are.
            is_type = span.calls_only and not use.called
            self._name(replace(use, labelled=True) if is_type else use)

    def _add_writes(self, tokens: list[Token], span: _Span) -> None:
        for write in written_names(tokens, span.start, len(tokens)):
            meaning = self._meanings.of_write(write)
            self._add_trigger(meaning, write.target.start, write.target.end)

    def add_definitions(self, result: RiskResult, end: int) -> None:
        """Add what the event triggers of the text's commands do."""
        for operation in definitions(result):
            self._add_trigger(self._meanings.of_definition(operation), 0, end)

    def explain(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the text's findings without those that the catalog takes back or says better."""
        return [
            replace(finding, kind=hidden.READ)
            if finding.kind in ("do-block", "calls-procedure") and finding.start in self._read_code
            else finding
            for finding in findings
            if not self._is_explained(finding)
        ]

    def _of_block(self, tokens: list[Token]) -> Meaning | None:
        language, literals = language_and_code(Source("", tokens), 0, len(tokens))
        code = literal_text(literals)
        if code is None or language not in READABLE:
            return None
        return self._meanings.of_code(code, language)

    def _name(self, use: Use) -> None:
        meaning = _UNREADABLE_NAME if use.name is None else self._meanings.of_name(use)
        self._names[use.start] = meaning
        self._add(meaning, use.start, use.end)

    def _add(self, meaning: Meaning | None, start: int, end: int) -> None:
        self._tell(meaning, (hidden.EFFECT, hidden.OPAQUE), start, end)

    def _add_trigger(self, meaning: Meaning | None, start: int, end: int) -> None:
        counts = meaning is not None and meaning.level >= self._triggers_from
        if counts or (meaning is not None and (meaning.takes or meaning.moves)):
            self._tell(meaning, hidden.TRIGGERS, start, end, counts=counts)

    def _tell(
        self,
        meaning: Meaning | None,
        kinds: tuple[str, str],
        start: int,
        end: int,
        *,
        counts: bool = True,
    ) -> None:
        if meaning is not None and meaning.moves and _MOVES not in self._told:
            self._told.add(_MOVES)
            self.found.append(Finding(hidden.MOVES, RiskLevel.SAFE, _MOVES, start=start, end=end))
        if meaning is None or meaning.level is RiskLevel.SAFE or meaning.reason in self._told:
            return
        self._told.add(meaning.reason)
        kind = kinds[meaning.opaque and meaning.level is RiskLevel.HIGH]
        # What doesn't count for the level is told all the same: a run shows what it takes.
        level = meaning.level if counts else RiskLevel.LOW
        self.found.append(Finding(kind, level, meaning.reason, start=start, end=end))
        if meaning.outside:
            told = "What it reaches, no rollback takes back."
            self.found.append(Finding(hidden.OUTSIDE, level, told, start=start, end=end))

    def _is_explained(self, finding: Finding) -> bool:
        if finding.kind == "unknown-function":
            return self._names.get(finding.start) is not None
        if finding.kind == "unknown-operator":
            inside = [used for used in self._operators if finding.start <= used.start < finding.end]
            return bool(inside) and all(
                self._meanings.of_operator(used.symbol) is not None for used in inside
            )
        return False


def definitions(result: RiskResult) -> list[str]:
    """Return the commands of a text that event triggers may see."""
    found = [operation for operation in result.operations if operation.startswith(DEFINITIONS)]
    if "SELECT" in result.operations and any(
        finding.kind == "creates-table" for finding in result.findings
    ):
        found.append("SELECT INTO")
    return found


def _running(tokens: list[Token]) -> _Span | None:
    """Return what of a statement runs; nothing for one that only mentions names, such as GRANT."""
    head = tokens[0].upper
    if head in _RUN:
        return _Span(0, False, head == "EXPLAIN" and not _analyzes(tokens))
    if head == "ALTER" and upper_at(tokens, 1) in _REWRITTEN:
        return _Span(0, True)
    if head != "CREATE":
        return None
    if "INDEX" in (upper_at(tokens, 1), upper_at(tokens, 2)):
        return _Span(0, True)
    wrapped = unwrap(tokens, match_brackets(tokens), 0, len(tokens))
    return _Span(wrapped.start, False) if wrapped is not None and wrapped.runs else None


def _analyzes(tokens: list[Token]) -> bool:
    wrapped = unwrap(tokens, match_brackets(tokens), 0, len(tokens))
    return wrapped is None or wrapped.runs


def _may_use(cast: Cast, text: str) -> bool:
    """Whether a statement may use a cast, as far as its context tells."""
    if cast.context == "i":
        return True
    if cast.context == "a" and _WRITES.search(text):
        return True
    if cast.named and cast.target.lower() not in text.lower():
        return False
    return _CASTS.search(text) is not None
