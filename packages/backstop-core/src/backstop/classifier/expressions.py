"""Reads the expressions of a statement token by token: every call, operator and table in it.

This is what proves an ordinary read SAFE: a call passes only if its name is listed as free of
effects, and a name before a bracket counts as a call unless the grammar says that it can't be.
It must stay linear, and must never drop a call because it looks like something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from backstop.classifier._source import Risk, Source
from backstop.classifier.functions import call_risk, is_set_config, listed, runs_text
from backstop.classifier.keywords import EXPRESSIONS, JOINING, RESERVED
from backstop.classifier.settings import sets_ordinary
from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.lexer import TokenKind
from backstop.syntax.structure import folded, read_name, read_with, upper_at, words_at

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
NOT_CALLED = RESERVED | EXPRESSIONS
_BEFORE_OPERAND = NOT_CALLED | JOINING | {"ZONE", "ESCAPE", "BY", "OVER", "OPERATOR"}
_JOINS = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL"})
_OPERANDS = (TokenKind.STRING, TokenKind.NUMBER, TokenKind.PLACEHOLDER)
_FRAMES = frozenset({"ROWS", "RANGE", "GROUPS"})
_PATHS = (TokenKind.STRING, TokenKind.PLACEHOLDER)
_SYNTAX_OPERATORS = frozenset({"::", ":=", "=>", "..", "!="})

CLAUSES = frozenset(
    {"SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WINDOW", "RETURNING"}
    | {"SET", "VALUES", "UNION", "INTERSECT", "EXCEPT", "FETCH", "DELETE"}
)
WATCHED = CLAUSES | {"FROM", "JOIN", "USING", "ON", "WITH", "INTO", "LATERAL", "ONLY", "INSERT"}
WATCHED |= {"MERGE", "TABLE"}

_INTO_WORDS = frozenset({"INTO", "TABLE", "TEMP", "TEMPORARY", "UNLOGGED", "LOCAL", "GLOBAL"})

_OPERATOR = Risk(
    "unknown-operator",
    RiskLevel.HIGH,
    "The text uses an operator that is not built in: its function may change anything.",
)
_INTO = Risk(
    "creates-table",
    RiskLevel.LOW,
    "SELECT … INTO creates a table.",
)
_MISPLACED = Risk(
    "misplaced-command",
    RiskLevel.HIGH,
    "A command stands where the grammar has no place for one: the text can't be trusted. "
    "Send one plain statement at a time.",
)


@dataclass
class Reading:
    """What a stretch of tokens calls, uses and reads."""

    findings: list[Finding] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    """The indexes of strings that a function may run as SQL."""


def read_expressions(
    source: Source, start: int, stop: int, heads: frozenset[int] = frozenset()
) -> Reading:
    """Read the tokens between two indexes; ``heads`` are the parts' first tokens."""
    reader = _Reader(source, start, stop, heads)
    reader.run()
    return reader.reading


class _Reader:
    """One pass; ``clauses`` holds the clause that each open bracket is in."""

    def __init__(self, source: Source, start: int, stop: int, heads: frozenset[int]) -> None:
        self.source = source
        self.tokens = source.tokens
        self.start, self.stop, self.heads = start, stop, heads
        self.reading = Reading()
        self.clauses = [""]
        self.openings: list[int] = []
        self.expects_table = False
        self.ctes: set[int] = set()
        self.cte_names: set[str] = set()
        self.texts_end = start

    def run(self) -> None:
        operators, operator = listed("operators.txt"), TokenKind.OPERATOR
        tokens, actions = self.tokens, _ACTIONS
        for index in range(self.start, self.stop):
            token = tokens[index]
            mark = token.upper
            action = actions.get(mark)
            # Most tokens are names and literals, for which there is nothing to do.
            if action is not None:
                action(self, index, mark)
            elif self.expects_table:
                self.table(index)
            elif token.kind is operator and mark not in operators:
                self.operator(index, mark)

    def semicolon(self, index: int, _mark: str) -> None:
        self.found(_MISPLACED, index, index + 1)

    def found(self, risk: Risk, start: int, stop: int) -> None:
        self.reading.findings.append(self.source.finding(risk, start, stop))

    def operator(self, index: int, mark: str) -> None:
        if mark not in _SYNTAX_OPERATORS:
            self.found(_OPERATOR, index, index + 1)

    def opening(self, index: int, mark: str) -> None:
        if mark == "(":
            self.bracket(index)
        # A bracket that a FROM list opens with holds tables again (or a subquery).
        self.clauses.append("FROM" if self.expects_table else "")
        self.openings.append(index)

    def closing(self, _index: int, _mark: str) -> None:
        self.clauses.pop()
        self.openings.pop()

    def comma(self, _index: int, _mark: str) -> None:
        if self.clauses[-1] == "ON":
            self.clauses[-1] = "FROM"
        self.expects_table = self.clauses[-1] == "FROM"

    def watched(self, index: int, word: str) -> None:
        if index > self.start and upper_at(self.tokens, index - 1) in (".", "AS"):
            return  # a field or a label
        if word in CLAUSES:
            self.clause(index, word)
        elif word == "WITH":
            self.with_list(index)
        elif word == "INTO":
            self.into(index)
        elif word in ("INSERT", "MERGE"):
            self.misplaced(index, "INTO")
            if upper_at(self.tokens, index + 1) == "INTO":
                self.clauses[-1] = "FROM"
        else:
            self.from_list(index, word)

    def clause(self, index: int, word: str) -> None:
        self.expects_table = False
        self.clauses[-1] = word
        if word == "DELETE":
            self.misplaced(index, "FROM")

    def misplaced(self, index: int, follower: str) -> None:
        if index not in self.heads and upper_at(self.tokens, index + 1) == follower:
            self.found(_MISPLACED, index, index + 2)

    def from_list(self, index: int, word: str) -> None:
        """FROM, JOIN, USING, ON, TABLE, and the words that may stand before a table."""
        clause = self.clauses[-1]
        before = upper_at(self.tokens, index - 1)
        if word == "FROM":
            # Not the FROM of EXTRACT (no clause is open there) nor that of IS DISTINCT FROM.
            if clause and before != "DISTINCT":
                self.open_from()
        elif word == "JOIN" or (word == "TABLE" and before not in _INTO_WORDS):
            self.open_from()
        elif word == "USING":
            # That of DELETE or MERGE, and not a join's list of columns.
            if clause == "FROM" and upper_at(self.tokens, index + 1) != "(":
                self.open_from()
        elif word == "ON" and clause == "FROM":
            self.clauses[-1] = "ON"

    def open_from(self) -> None:
        self.clauses[-1] = "FROM"
        self.expects_table = True

    def into(self, index: int) -> None:
        at = index + 1
        if self.clauses[-1] == "SELECT":
            self.found(_INTO, index, index + 1)
            while upper_at(self.tokens, at) in _INTO_WORDS:
                at += 1
        name = read_name(self.tokens, at, self.stop)
        if name is not None:
            self.reading.tables.append(self.source.name(name))

    def with_list(self, index: int) -> None:
        self.expects_table = False
        listed_entries = read_with(self.tokens, self.source.pairs, index, self.stop)
        if listed_entries is None:
            return
        for entry in listed_entries.entries:
            self.ctes.add(entry.name)
            self.cte_names.add(folded(self.tokens[entry.name]))

    def table(self, index: int) -> None:
        """Note the table that a FROM list names here."""
        self.expects_table = False
        if words_at(self.tokens, index, "ROWS", "FROM"):
            return
        name = read_name(self.tokens, index, self.stop)
        if name is None or upper_at(self.tokens, name.stop, self.stop) == "(":
            return
        alone = name.stop - name.start == 1
        if not alone or folded(self.tokens[index]) not in self.cte_names:
            self.reading.tables.append(self.source.name(name))

    def bracket(self, index: int) -> None:
        """Judge what stands before a bracket, if it is a call."""
        last = index - 1
        if last < self.start:
            return
        kind = self.tokens[last].kind
        if kind not in _NAMES:
            if kind is TokenKind.PLACEHOLDER:
                # "%s(…)": a call of what the parameter, or the modulo of a function, turns out as.
                self.found(_OPERATOR, last, index)
            elif upper_at(self.tokens, last - 1) == "UESCAPE":
                self.call(last, index)
            return
        first = last
        while first - 2 >= self.start and upper_at(self.tokens, first - 1) == ".":
            first -= 2
        if first == last and self.tokens[last].upper in NOT_CALLED:
            return
        if self.tokens[last].upper == "OPERATOR" and first == last:
            self.named_operator(index)
        elif not (first == last and self.is_syntax(first)) and not self.is_alias(first):
            self.call(first, index)

    def named_operator(self, index: int) -> None:
        end = self.source.pairs[index]
        # "+", or "pg_catalog.+": never more tokens, however far off the closing bracket is.
        inner = self.tokens[index + 1 : min(end, index + 5)]
        names = [folded(token) for token in inner if token.kind in _NAMES]
        if names not in ([], ["pg_catalog"]):
            self.found(_OPERATOR, index - 1, end + 1)

    def call(self, first: int, index: int) -> None:
        # A part that is no name ends one in escapes of its own (UESCAPE '!'), which isn't read.
        name = tuple(
            folded(token) if token.kind in _NAMES else "…" for token in self.tokens[first:index:2]
        )
        risk = call_risk(name)
        if risk is None or (is_set_config(name) and sets_ordinary(self.source, index)):
            return
        end = self.source.pairs[index]
        self.found(risk, first, end + 1)
        if runs_text(name):
            # Calls may stand inside one another: each string is noted once.
            texts = range(max(index, self.texts_end), end)
            self.reading.texts.extend(
                at for at in texts if self.tokens[at].kind is TokenKind.STRING
            )
            self.texts_end = max(end, self.texts_end)

    def is_alias(self, first: int) -> bool:
        """Whether the grammar takes this name for an alias, a type or a WITH entry, not a call."""
        if first in self.ctes:
            return True
        if first == self.start:
            return False
        before = self.tokens[first - 1].upper
        if before in ("AS", "::", "ORDINALITY", "INTO"):
            return True
        return before == ")" and self.clauses[-1] == "FROM" and not self.ends_operator(first - 1)

    def ends_operator(self, index: int) -> bool:
        opening = self.source.pairs[index]
        return upper_at(self.tokens, opening - 1) == "OPERATOR"

    def is_syntax(self, index: int) -> bool:
        """Whether a word that may also be a user's function is part of the grammar here."""
        word = self.tokens[index].upper
        before = self.tokens[index - 1] if index > self.start else None
        if before is None:
            return False
        allowed = SYNTAX_AFTER.get(word)
        if allowed is not None:
            return before.upper in allowed
        if word == "SECOND":
            return self.is_interval_field(index)
        if word in ("ROLLUP", "CUBE"):
            return self.clauses[-1] == "GROUP"
        if word == "COLUMNS":
            # That of JSON_TABLE: behind the path, or behind a name for it or for a parameter.
            return before.kind in _PATHS or upper_at(self.tokens, index - 2) == "AS"
        if word == "JOIN":
            return before.upper in _JOINS or self.ends_operand(index - 1)
        if word == "ILIKE":
            return self.ends_operand(index - 2 if before.upper == "NOT" else index - 1)
        if word == "SET":
            # The (a, b) of UPDATE t SET (a, b) = …: what stands before is a name, or UPDATE.
            return before.kind in _NAMES and self.ends_operand(index - 1)
        return False

    def is_interval_field(self, index: int) -> bool:
        """Whether SECOND belongs to INTERVAL or to DAY TO, and not to a pattern of SIMILAR TO."""
        before = upper_at(self.tokens, index - 1)
        leader = upper_at(self.tokens, index - 2)
        if self.tokens[index - 1].kind is TokenKind.STRING:
            return leader == "INTERVAL"
        return before == "INTERVAL" or (before == "TO" and leader in ("DAY", "HOUR", "MINUTE"))

    def ends_operand(self, index: int) -> bool:
        """Whether an operand may end here, so that what follows can't start another one."""
        if index < self.start:
            return False
        token = self.tokens[index]
        if token.kind is TokenKind.WORD:
            if token.upper in _FRAMES and self.in_window():
                return False
            return token.upper not in _BEFORE_OPERAND
        return token.kind in (*_OPERANDS, TokenKind.QUOTED) or token.upper in (")", "]")

    def in_window(self) -> bool:
        """Whether the innermost bracket holds a window, where ROWS and the like are no columns."""
        before = upper_at(self.tokens, self.openings[-1] - 1) if self.openings else ""
        return before == "OVER" or (before == "AS" and self.clauses[-2] == "WINDOW")


# What each mark or word asks for.
_ACTIONS: dict[str, Callable[[_Reader, int, str], None]] = {
    **dict.fromkeys(WATCHED, _Reader.watched),
    **dict.fromkeys(("(", "["), _Reader.opening),
    **dict.fromkeys((")", "]"), _Reader.closing),
    ";": _Reader.semicolon,
    ",": _Reader.comma,
}

# Unreserved words before a bracket, and what must stand before them to make them syntax.
SYNTAX_AFTER: dict[str, frozenset[str]] = {
    "BY": frozenset({"ORDER", "GROUP", "PARTITION"}),
    "OVER": frozenset({")"}),
    "FILTER": frozenset({")"}),
    "MATERIALIZED": frozenset({"NOT"}),
    "FIRST": frozenset({"FETCH"}),
    "NEXT": frozenset({"FETCH"}),
    "SETS": frozenset({"GROUPING"}),
    "CONFLICT": frozenset({"ON"}),
    "INSERT": frozenset({"THEN"}),
    "ZONE": frozenset({"TIME"}),
    "VARYING": frozenset({"CHARACTER", "CHAR", "BIT"}),
    "BERNOULLI": frozenset({"TABLESAMPLE"}),
    "SYSTEM": frozenset({"TABLESAMPLE"}),
}
