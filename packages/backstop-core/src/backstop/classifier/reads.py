"""Proves ordinary reads SAFE without tokens, for most statements of most applications are reads.

It may only say what the rules over tokens would say, or nothing: whatever isn't plain is left to
them. A new rule that makes a read riskier belongs in `expressions`, and what it is about among what
is refused here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from backstop.classifier.expressions import CLAUSES, NOT_CALLED, SYNTAX_AFTER, WATCHED
from backstop.classifier.functions import listed
from backstop.keeping import kept_by_text
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
# No result depends on what these hold. Whatever else has a quote in it (a comment, a dollar quote,
# a backslash) leaves a piece before it that isn't plain.
_LITERAL = re.compile(r"""'[^'\\]*'|(?<![A-Za-z0-9_$."])[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_$."])""")
# In quotes, a name may hold what looks like a literal, unless all of them are plain words.
_QUOTES_WORDS = re.compile(r'[^"]*(?:"[A-Za-z_][A-Za-z0-9_$]*"[^"]*)*')
_REFUSED = (WATCHED - CLAUSES - {"FROM", "JOIN", "ON"}) | {
    *("CONFLICT", "DELETE", "OPERATOR", "RETURNING", "SET", "UPDATE", "VALUES")
}
_STEPS = {
    **dict.fromkeys(CLAUSES | {"FROM", "JOIN", "ON", ","}, "clause"),
    **{bracket: bracket for bracket in "()"},
}
_OPERATORS = frozenset(["(", ",", "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "||"])
_HEADS = ("SELECT", "WITH")
_NO_ENTRIES: frozenset[str] = frozenset()
# Longer texts hold long lists, of which the scanner makes one token each: that is faster.
_LONGEST = 5_000


@lru_cache(maxsize=1)
def _before_bracket() -> frozenset[str]:
    """Return what may stand before a bracket: no name, or that of a function free of effects."""
    functions = (name.upper() for name in listed("functions.txt") if name == name.lower())
    return _OPERATORS | NOT_CALLED | frozenset(functions)


def ordinary_read(sql: str) -> RiskResult | None:
    """Return the result of one ordinary SELECT, or nothing for whatever else a text may be.

    Texts that differ in nothing but plain literals are read once.
    """
    shape = shape_of(sql)
    return None if shape is None else _read_once(shape)


def shape_of(sql: str) -> str | None:
    """Return a text that begins like a read without its plain literals; nothing for any other.

    Of texts that have one shape all are ordinary reads, of the same tables, or none of them is.
    """
    sql = sql.lstrip(" \t\n\r\f\v")
    if len(sql) > _LONGEST or not sql.isascii() or not sql[:6].upper().startswith(_HEADS):
        return None
    if '"' in sql and not _QUOTES_WORDS.fullmatch(sql):
        return sql
    return _LITERAL.sub("''", sql)


def _read(sql: str) -> RiskResult | None:
    pieces = _PIECE.findall(sql)
    if sum(map(len, pieces)) != len(sql):
        return None
    words = [piece.rstrip().upper() for piece in pieces]
    if words[0] not in _HEADS or not _REFUSED.isdisjoint(words[1:]):
        return None
    entries = _entries(words, pieces) if words[0] == "WITH" else _NO_ENTRIES
    tables = _tables(words, pieces, entries) if entries is not None else None
    if tables is None:
        return None
    return RiskResult(
        RiskLevel.SAFE, "SELECT", tuple(tables), "SELECT changes nothing.", (), ("SELECT",)
    )


_read_once = kept_by_text(_read)


def _entries(words: list[str], pieces: list[str]) -> frozenset[str] | None:
    """Return the names of a WITH list of SELECTs, or nothing if it is anything else."""
    names: set[str] = set()
    at = 2 if words[1:2] == ["RECURSIVE"] else 1
    while words[at + 1 : at + 4] == ["AS", "(", "SELECT"]:
        if not _is_name(words[at]) or words[at] in _STEPS:
            return None
        names.add(_folded(pieces[at].rstrip()))
        at = _after_bracket(words, at + 2)
        if words[at : at + 1] == ["SELECT"]:
            return frozenset(names)
        if words[at : at + 1] != [","]:
            return None
        at += 1
    return None


def _after_bracket(words: list[str], at: int) -> int:
    """Return the index after the bracket that closes the one at the index, or after the end."""
    depth = 0
    for index in range(at, len(words)):
        word = words[index]
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(words)


def _tables(words: list[str], pieces: list[str], entries: frozenset[str]) -> dict[str, None] | None:
    """Return the tables that are named, or nothing if the words are no ordinary read."""
    tables: dict[str, None] = {}
    clauses = [""]
    expects_table = False
    steps = _STEPS
    for index, word in enumerate(words):
        step = steps.get(word)
        if step is None:
            if expects_table:
                expects_table = False
                name = _table(words, pieces, index)
                qualified = words[index + 1 : index + 2] == ["."]
                if name and (qualified or _folded(name) not in entries):
                    tables[name] = None
        elif step == "(":
            if not _may_open(words, index):
                return None
            clauses.append("FROM" if expects_table else "")
        elif step == ")":
            if len(clauses) == 1:
                return None
            clauses.pop()
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
    if word == "JOIN" or (word == "FROM" and clause):
        clauses[-1] = "FROM"
        return True
    if word in ("FROM", "ON"):
        if clause == "FROM":
            clauses[-1] = word
        return expects_table
    clauses[-1] = word
    return False


def _may_open(words: list[str], index: int) -> bool:
    """Whether no call, or a harmless one, begins with this bracket."""
    before = words[index - 1]
    further = words[index - 2] if index > 1 else ""
    if further == ".":
        return False
    return before in _before_bracket() or further in SYNTAX_AFTER.get(before, ())


def _table(words: list[str], pieces: list[str], index: int) -> str:
    """Return the table that is named here, as written; empty if it is a call or no name."""
    if not _is_name(words[index]) or words[index : index + 2] == ["ROWS", "FROM"]:
        return ""
    end = index
    while words[end + 1 : end + 2] == ["."] and end + 2 < len(words) and _is_name(words[end + 2]):
        end += 2
    if words[end + 1 : end + 2] == ["("]:
        return ""
    return "".join(pieces[index : end + 1]).rstrip()


def _folded(name: str) -> str:
    """Return what the server makes of an unqualified name."""
    return name[1:-1] if name.startswith('"') else name.lower()


def _is_name(word: str) -> bool:
    return word[0] in '"_' or word[0].isalpha()
