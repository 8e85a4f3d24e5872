"""Reads the body of a function that exists, for what calling it may do.

Unlike the code inside a statement (DO, CREATE FUNCTION), of which only the worst counts, a call
may be proven free of effects here: every statement of the body must be one that is understood.
What isn't understood is a finding. The calls and relations inside are for the caller to look up.
"""

from __future__ import annotations

from backstop.classifier._source import Source
from backstop.classifier.bodies import block_risk
from backstop.classifier.expressions import read_expressions
from backstop.classifier.judge import judge
from backstop.classifier.unreadable import unreadable_risk
from backstop.result import Finding
from backstop.syntax.lexer import LexError, Token, TokenKind, tokenize
from backstop.syntax.statements import split_tokens
from backstop.syntax.structure import match_brackets, skip_top_level, upper_at, words_at

READABLE = frozenset({"sql", "plpgsql"})

_SQL = frozenset(
    {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"}
    | {"ALTER", "ANALYZE", "CALL", "COPY", "CREATE", "DO", "DROP", "GRANT", "LOCK", "NOTIFY"}
    | {"EXPLAIN", "PREPARE", "REFRESH", "REVOKE", "SET", "RESET"}
)
# Words of PL/pgSQL that an expression follows, and those that may stand between.
_BEFORE_EXPRESSION = frozenset(
    {"IF", "ELSIF", "ELSEIF", "WHILE", "CASE", "WHEN", "PERFORM", "RETURN", "RAISE", "ASSERT"}
    | {"EXIT", "CONTINUE", "FOR", "FOREACH", "OPEN", "FETCH", "MOVE", "CLOSE", "GET"}
)
_BETWEEN = frozenset({"NEXT", "QUERY"})
_ONE_WORD = frozenset({"BEGIN", "LOOP", "ELSE", "EXCEPTION", "THEN", ";"})
_WITHOUT_EFFECT = _ONE_WORD | {"END", "NULL", "<<"}
_ENDS = frozenset({";", "THEN", "LOOP", "BEGIN"})
_CONDITIONS = frozenset({"IF", "ELSIF", "ELSEIF", "CASE", "WHEN"})
_BEFORE_QUERY = frozenset({"FOR", "IN", "QUERY"})
_VARIABLE = (TokenKind.WORD, TokenKind.QUOTED, TokenKind.PLACEHOLDER)
# INTO names a variable in PL/pgSQL, and no table.
_NAMES_VARIABLE = "creates-table"


def routine_findings(code: str, language: str) -> list[Finding]:
    """Return what a body in SQL or PL/pgSQL may do; none if all of it is free of effects.

    Functions and operators that aren't built in are among the findings, as in any text.
    """
    try:
        tokens = tokenize(code)
        if language == "plpgsql":
            return _Block(Source(code, tokens)).findings()
        return _statement_findings(code, tokens)
    except LexError:
        risk = unreadable_risk(code)
        return [Finding(risk.kind, risk.level, risk.reason, None, 0, len(code))]


def rule_actions(definition: str) -> str:
    """Return the actions of a rule, as statements, from the text that would create it."""
    tokens = tokenize(definition)
    pairs = match_brackets(tokens)
    at = skip_top_level(tokens, pairs, 0, len(tokens), frozenset({"DO"})) + 1
    at += 1 if upper_at(tokens, at) in ("ALSO", "INSTEAD") else 0
    if upper_at(tokens, at) == "NOTHING" or at >= len(tokens):
        return ""
    if upper_at(tokens, at) == "(" and upper_at(tokens, pairs[at] + 1) in ("", ";"):
        return definition[tokens[at].end : tokens[pairs[at]].start]
    return definition[tokens[at].start :]


def _statement_findings(code: str, tokens: list[Token]) -> list[Finding]:
    """Read a body in SQL, also in the forms RETURN … and BEGIN ATOMIC … END."""
    if upper_at(tokens, 0) == "RETURN":
        return read_expressions(Source(code, tokens), 1, len(tokens)).findings
    if words_at(tokens, 0, "BEGIN", "ATOMIC"):
        tokens = tokens[2:-1]
    found: list[Finding] = []
    for statement in split_tokens(tokens):
        found.extend(judge(Source(code, statement), 0, len(statement)).findings)
    return found


class _Block:
    """One PL/pgSQL body, read statement by statement."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = source.tokens
        self.stop = len(source.tokens)
        self.found: list[Finding] = []

    def findings(self) -> list[Finding]:
        worst = block_risk(self.source, 0, self.stop, judge)
        if worst is not None:
            return [self.source.finding(worst, 0, self.stop)]
        at, declares = 0, False
        while at < self.stop:
            head = self.tokens[at].upper
            end = self.end_of(at, head)
            declares = head == "DECLARE" or (declares and head != "BEGIN")
            if head not in _WITHOUT_EFFECT:
                self.statement(at, end, declares)
            at = end
        return self.found

    def end_of(self, start: int, head: str) -> int:
        """Return the index after the statement, or the lone word, that starts here."""
        if head in _ONE_WORD:
            return start + 1
        if head == "<<":
            return start + 3
        ends = _ENDS if head in _CONDITIONS else _ENDS - {"THEN"}
        if head == "END":
            ends = frozenset({";"})
        return skip_top_level(self.tokens, self.source.pairs, start + 1, self.stop, ends)

    def statement(self, start: int, end: int, declares: bool) -> None:
        head = self.tokens[start].upper
        if head in _SQL and not declares:
            self.query(start, end)
        elif declares or head in _BEFORE_EXPRESSION or self.assigns(start, end):
            query = self.query_in(start, end)
            self.expressions(start + 1, query)
            if query < end:
                self.query(query, end)
        else:
            risk = unreadable_risk(self.source.slice(start, end))
            self.found.append(self.source.finding(risk, start, end))

    def query_in(self, start: int, end: int) -> int:
        """Return where the query of FOR … IN, OPEN … FOR or RETURN QUERY starts, or the end."""
        for index in range(start + 1, end):
            if self.tokens[index].upper in _SQL and (self.tokens[index - 1].upper in _BEFORE_QUERY):
                return index
        return end

    def assigns(self, start: int, end: int) -> bool:
        """Whether this is ``variable := …`` or ``variable = …``."""
        at = start + 1
        while upper_at(self.tokens, at, end) in (".", "["):
            at = self.source.pairs.get(at, at + 1) + 1
        is_variable = self.tokens[start].kind in _VARIABLE
        return is_variable and upper_at(self.tokens, at, end) in (":=", "=")

    def query(self, start: int, end: int) -> None:
        found = judge(self.source, start, end).findings
        self.found.extend(finding for finding in found if finding.kind != _NAMES_VARIABLE)

    def expressions(self, start: int, end: int) -> None:
        while upper_at(self.tokens, start, end) in _BETWEEN:
            start += 1
        self.found.extend(read_expressions(self.source, start, end).findings)
        at = start
        while at < end:
            if words_at(self.tokens, at, "(", "WITH"):
                self.query(at + 1, self.source.pairs[at])
                at = self.source.pairs[at]
            at += 1
