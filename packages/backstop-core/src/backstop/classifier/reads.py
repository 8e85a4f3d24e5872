"""Proves ordinary reads SAFE without tokens, for most statements of most applications are reads.

It may only say what the rules over tokens would say, or nothing: whatever isn't plain is left to
them. A new rule that makes a read riskier belongs in `expressions`, and what it is about among what
is refused here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from backstop.classifier.expressions import CLAUSES, NOT_CALLED, WATCHED
from backstop.classifier.functions import listed
from backstop.levels import RiskLevel
from backstop.result import RiskResult

# Each piece takes the white space after it along: where the pieces don't add up to the whole text,
# something in it is not plain (a comment, a backslash, a semicolon, another operator …). What may
# not follow is told by looking back: looking ahead would try all shorter words again and again.
_PIECE = re.compile(
    r"""
    (?: (?<![0-9])[A-Za-z_][A-Za-z0-9_$]*
      | (?<![A-Za-z0-9_$])"[^"]*"(?!")
      | [(),]
      | \.(?![0-9.])
      | [0-9][0-9.]*
      | (?<![A-Za-z0-9_$])'[^'\\]*'(?!')
      | %(?:\(\w+\))?s(?![A-Za-z0-9_$])
      | \$[0-9]+(?![A-Za-z0-9_$])
      | (?:<[=>]?|>=?|!=|\|\||[=+*/-])(?![~!@#^&|`?+*/%<>=-])
      | ::
    )[ \t\n\r\f\v]*
    """,
    re.VERBOSE,
)
_REFUSED = (WATCHED - CLAUSES - {"FROM", "JOIN", "ON"}) | {
    *("CONFLICT", "DELETE", "OPERATOR", "RETURNING", "SET", "UPDATE", "VALUES")
}
_STEPS = {
    **dict.fromkeys(CLAUSES | {"FROM", "JOIN", "ON", ","}, "clause"),
    **{bracket: bracket for bracket in "()"},
}
_OPERATORS = frozenset(["(", ",", "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "||"])
# Unreserved words that are no call behind these.
_SYNTAX = {"OVER": frozenset({")"}), "BY": frozenset({"ORDER", "GROUP", "PARTITION"})}


@lru_cache(maxsize=1)
def _before_bracket() -> frozenset[str]:
    """Return what may stand before a bracket: no name, or that of a function free of effects."""
    functions = (name.upper() for name in listed("functions.txt") if name == name.lower())
    return _OPERATORS | NOT_CALLED | frozenset(functions)


def ordinary_read(sql: str) -> RiskResult | None:
    """Return the result of one ordinary SELECT, or nothing for whatever else a text may be."""
    pieces = _PIECE.findall(sql)
    if not pieces or sum(map(len, pieces)) != len(sql) or not sql.isascii():
        return None
    words = [piece.rstrip().upper() for piece in pieces]
    if words[0] != "SELECT" or not _REFUSED.isdisjoint(words):
        return None
    tables = _tables(words, pieces)
    if tables is None:
        return None
    return RiskResult(RiskLevel.SAFE, "SELECT", tuple(tables), "SELECT changes nothing.")


def _tables(words: list[str], pieces: list[str]) -> dict[str, None] | None:
    """Return the tables that are named, or nothing if the words are no ordinary read."""
    tables: dict[str, None] = {}
    clauses = [""]
    expects_table = False
    steps = _STEPS
    for index, word in enumerate(words):
        step = steps.get(word)
        if step is None:
            if expects_table and word != ".":
                expects_table = False
                _add_table(tables, words, pieces, index)
        elif step == "(":
            if not _may_open(words, index):
                return None
            clauses.append("FROM" if expects_table else "")
        elif step == ")":
            if len(clauses) == 1:
                return None
            clauses.pop()
            expects_table = False
        else:
            # A label or a field (AS from, t.limit), or IS DISTINCT FROM.
            if words[index - 1] in (".", "AS", "DISTINCT"):
                return None
            expects_table = _next_clause(clauses, word, expects_table)
    return tables if len(clauses) == 1 else None


def _next_clause(clauses: list[str], word: str, expects_table: bool) -> bool:
    """Note the clause that a word (or a comma) begins; return whether a table comes next."""
    clause = clauses[-1]
    if word == ",":
        if clause == "ON":
            clauses[-1] = "FROM"
        return clauses[-1] == "FROM"
    # In no clause, FROM is that of EXTRACT (field FROM …).
    if word == "JOIN" or (word == "FROM" and clause not in ("", "FROM", "ON")):
        clauses[-1] = "FROM"
        return True
    if word == "FROM" or (word == "ON" and clause != "FROM"):
        return expects_table
    clauses[-1] = word
    return False


def _may_open(words: list[str], index: int) -> bool:
    """Whether no call, or a harmless one, begins with this bracket."""
    before = words[index - 1]
    further = words[index - 2] if index > 1 else ""
    if further == ".":
        return False
    return before in _before_bracket() or further in _SYNTAX.get(before, ())


def _add_table(tables: dict[str, None], words: list[str], pieces: list[str], index: int) -> None:
    """Note the table that is named here, unless it is a function's call or no name."""
    if words[index - 1] == ".":
        return
    end = index
    while _is_name(words[end]) and words[end + 1 : end + 2] == ["."] and end + 2 < len(words):
        if not _is_name(words[end + 2]):
            break
        end += 2
    if _is_name(words[index]) and words[end + 1 : end + 2] != ["("]:
        tables["".join(pieces[index : end + 1]).rstrip()] = None


def _is_name(word: str) -> bool:
    return word[0] in '"_' or word[0].isalpha()
