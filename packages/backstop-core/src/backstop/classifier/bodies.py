"""Looks into code that stands in a text as a string: DO blocks, functions, SQL for a function.

Such code runs now or later, and is as risky as what it holds. Only what would be CRITICAL is
looked for, as the block itself is HIGH; a body that can't be read, and dynamic EXECUTE, are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.expressions import read_expressions
from backstop.classifier.literals import literal_text
from backstop.classifier.unreadable import could_destroy
from backstop.levels import RiskLevel
from backstop.syntax.lexer import LexError, Token, TokenKind, tokenize
from backstop.syntax.statements import split_tokens
from backstop.syntax.structure import folded, is_name, skip_top_level, upper_at

Judge = Callable[[Source, int, int], Verdict]

DESTROYS = "body-destroys"
"""The kind of code in a string that is CRITICAL by itself."""

_MAX_DEPTH = 5
_RUNNABLE = frozenset(
    {"ALTER", "COPY", "CREATE", "DELETE", "DO", "DROP", "EXPLAIN", "INSERT", "MERGE", "PREPARE"}
    | {"REVOKE", "SELECT", "TRUNCATE", "UPDATE", "WITH"}
)
# A statement of PL/pgSQL starts after one of these; IN, FOR and QUERY are those of FOR … IN,
# OPEN … FOR and RETURN QUERY.
_BEFORE_STATEMENT = frozenset(
    {"", ";", "BEGIN", "ATOMIC", "THEN", "ELSE", "LOOP", "IN", "FOR", "QUERY"}
)
_ENDS = frozenset({";", "LOOP"})


def literal_risk(tokens: list[Token], language: str, depth: int, judge: Judge) -> Risk | None:
    """Return the risk of code given as string literals if it is CRITICAL, or nothing."""
    text = literal_text(tokens)
    if text is None or depth >= _MAX_DEPTH:
        return _risk("holds code that can't be read")
    if language not in ("sql", "plpgsql"):
        if could_destroy(text):
            return _risk(f"holds {language} code with words that could destroy")
        return None
    try:
        return _text_risk(text, language, depth + 1, judge)
    except LexError:
        return _risk("holds code that can't be read") if could_destroy(text) else None


def _text_risk(text: str, language: str, depth: int, judge: Judge) -> Risk | None:
    tokens = tokenize(text)
    if language == "plpgsql":
        source = Source(text, tokens, depth)
        return block_risk(source, 0, len(tokens), judge)
    for statement in split_tokens(tokens):
        source = Source(text, statement, depth)
        found = _critical(judge(source, 0, len(statement)))
        if found is not None:
            return found
    return None


def block_risk(source: Source, start: int, stop: int, judge: Judge) -> Risk | None:
    """Return the risk of the statements of a PL/pgSQL or ATOMIC block if it is CRITICAL."""
    tokens = source.tokens
    for index in range(start, stop):
        if tokens[index].upper == "EXECUTE" and not _is_fixed(source, index, stop):
            return _risk("runs SQL that is put together at run time (EXECUTE)")
    for begin, end in statements_in(source, start, stop):
        found = _critical(judge(source, begin, end))
        if found is not None:
            return found
    reading = read_expressions(source, start, stop, frozenset(range(start, stop)))
    for finding in reading.findings:
        if finding.level is RiskLevel.CRITICAL:
            return _risk(finding.reason)
    for text in reading.texts:
        risk = literal_risk([tokens[text]], "sql", source.depth, judge)
        if risk is not None:
            return risk
    return None


def statements_in(source: Source, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Give each statement of SQL that stands in a block, inside of brackets too, once."""
    tokens = source.tokens
    enclosing, judged = [stop], start
    for index in range(start, stop):
        word = tokens[index].upper
        if word in ("(", "["):
            enclosing.append(source.pairs[index])
        elif word in (")", "]"):
            enclosing.pop()
        elif index >= judged and _starts_statement(word, upper_at(tokens, index - 1)):
            judged = skip_top_level(tokens, source.pairs, index, enclosing[-1], _ENDS)
            yield index, judged


def _starts_statement(word: str, before: str) -> bool:
    if (before, word) == ("FOR", "UPDATE"):
        return False  # the end of a SELECT
    return word in _RUNNABLE and (before in _BEFORE_STATEMENT or (before, word) == ("(", "WITH"))


def _is_fixed(source: Source, index: int, stop: int) -> bool:
    """Whether EXECUTE is a field, the privilege, or belongs to CREATE TRIGGER."""
    if upper_at(source.tokens, index - 1) == ".":
        return True
    follower = upper_at(source.tokens, index + 1, stop)
    if follower == "ON":
        return True
    return follower in ("FUNCTION", "PROCEDURE") and is_name(source.tokens, index + 2, stop)


def _critical(verdict: Verdict) -> Risk | None:
    for finding in verdict.findings:
        if finding.level is RiskLevel.CRITICAL:
            return _risk(f"does this: {finding.reason}")
    return None


def _risk(what: str) -> Risk:
    return Risk(DESTROYS, RiskLevel.CRITICAL, f"The code inside {what.rstrip('.')}.")


def language_of(source: Source, start: int, stop: int, default: str) -> str:
    """Return the language that a LANGUAGE clause names, in lower case."""
    at = skip_top_level(source.tokens, source.pairs, start, stop, frozenset({"LANGUAGE"}))
    if at + 1 >= stop:
        return default
    token = source.tokens[at + 1]
    return (token.text.strip("'") if token.kind is TokenKind.STRING else folded(token)).lower()


def language_and_code(source: Source, start: int, stop: int) -> tuple[str, list[Token]]:
    """Return the language of a DO block, in lower case, and the literals that hold its code."""
    literals = [
        source.tokens[at]
        for at in range(start, stop)
        if source.tokens[at].kind is TokenKind.STRING
        and upper_at(source.tokens, at - 1) != "LANGUAGE"
    ]
    return language_of(source, start, stop, "plpgsql"), literals


def judge_do(source: Source, start: int, stop: int, judge: Judge) -> Verdict:
    """Judge a DO block."""
    language, literals = language_and_code(source, start, stop)
    risk: Risk | None = _risk("is not in the text")
    if literals:
        risk = literal_risk(literals, language, source.depth, judge)
    if risk is None:
        risk = Risk("do-block", RiskLevel.HIGH, "A DO block runs code that the text only holds.")
    return Verdict("DO", [source.finding(risk, start, stop)])


def judge_routine(source: Source, start: int, stop: int, judge: Judge) -> Verdict:
    """Judge CREATE FUNCTION or PROCEDURE: HIGH, as it runs later; what it then does is told."""
    tokens, pairs = source.tokens, source.pairs
    words = [tokens[at].upper for at in range(start, min(start + 4, stop))]
    verdict = Verdict("CREATE FUNCTION" if "FUNCTION" in words else "CREATE PROCEDURE")
    atomic = skip_top_level(tokens, pairs, start, stop, frozenset({"ATOMIC"}))
    risk = block_risk(source, atomic, stop, judge)
    literals = _definition(source, start, stop)
    if risk is None:
        language = language_of(source, start, stop, "sql")
        compiled = language in ("c", "internal")
        risk = None if compiled else literal_risk(literals, language, source.depth, judge)
    if risk is None:
        told = f"{verdict.operation} adds or replaces code that runs later."
        risk = Risk("creates-routine", RiskLevel.HIGH, told)
    else:
        risk = risk._replace(level=RiskLevel.HIGH)
    verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _definition(source: Source, start: int, stop: int) -> list[Token]:
    """Return the string literals after AS."""
    tokens = source.tokens
    for at in range(start, stop - 1):
        if tokens[at].upper == "AS" and tokens[at + 1].kind is TokenKind.STRING:
            end = at + 1
            while end < stop and tokens[end].kind is TokenKind.STRING:
                end += 1
            return tokens[at + 1 : end]
    return []
