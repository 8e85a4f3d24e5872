"""PostgreSQL's lexical rules: text in, tokens out, in time linear in the text, without recursion.

Where a rule of the server's own scanner matters for what the text means (nested comments, the
continuation of an E'' string on the next line, operators cut off by a comment), it is followed to
the letter. This module must never judge a statement, and never guess: what the server could not
scan raises `LexError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class LexError(ValueError):
    """A text that PostgreSQL's scanner would refuse, or that ends inside a quote or a comment.

    ``position`` is where the reading of it failed, where that is one place.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class TokenKind(Enum):
    """What a token is, by its form alone.

    ``ENTRIES`` stands for many entries at once of a list in IN or VALUES: literals and
    placeholders, each with the comma, or the brackets of the next row, that follow it. The list's
    last entries always have tokens of their own.
    """

    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    NUMBER = "number"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    PLACEHOLDER = "placeholder"
    ENTRIES = "entries of a list"


class Token(NamedTuple):
    """One token of a text.

    ``upper`` is the text of a word in upper case, or that of an operator or a punctuation mark as
    it is, and empty for everything else: comparing it never mistakes a quoted name for a keyword.
    """

    kind: TokenKind
    text: str
    start: int
    end: int
    upper: str


class Span(NamedTuple):
    """A stretch of a text, by character offsets; the end is exclusive."""

    start: int
    end: int


# The server takes every byte above 127 as part of an identifier, a no-break space too.
_WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
_SPACE = r"[ \t\n\r\f\v]"
_PERCENT = r"%(?:\([\w .]+\))?[sbt](?![A-Za-z0-9_$\x80-\U0010ffff])"

# White space is taken with the token that follows, and what is frequent comes first.
_TOKEN = re.compile(
    rf"""
    {_SPACE}*
    (?:
      (?P<word>(?![eEbBxXnN]'|[uU]&['"]){_WORD})
    | (?P<mark>[),;]|\.(?![0-9.]))
    | (?P<quoted>(?:"|[uU]&")[^"]*(?:""[^"]*)*")
    | (?P<comparison>(?:[=*]|<[=>]?|>=?)(?![~!@#^&|`?+\-*/%<>=]))
    | (?P<opening>\()
    | (?P<string>(?:'|(?:[uU]&|[bBxXnN])')[^']*(?:''[^']*)*')
    | (?P<number>
          0[xX][0-9a-fA-F_]+ | 0[oO][0-7_]+ | 0[bB][01_]+
        | (?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?
      )
    | (?P<percent>{_PERCENT})
    | (?P<escape>[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*')
    | (?P<line>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<parameter>\$[0-9]+)
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$)
    | (?P<colons>::|:=|\.\.)
    | (?P<bracket>[\[\]])
    | (?P<colon>:)
    | (?P<operator>(?:%%|(?!--|/\*|{_PERCENT})[~!@#^&|`?+\-*/%<>=])+)
    | (?P<end>\Z)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED_ENTRY = r"[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|'[^']*(?:''[^']*)*'"
# Types whose names are keywords: no name is hidden that the server would look up in a schema.
_CAST = r"""::(?i:bigint|boolean|double\ precision|integer|interval|numeric|real|smallint|varchar
    |(?:timestamp|time)(?:\ with(?:out)?\ time\ zone)?)"""
_ENTRY = rf"""(?:[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|{_QUOTED_ENTRY}
    |{_PERCENT}|\$[0-9]+|\?|:{_WORD})(?:{_CAST})?"""


def _entries(entry: str, separator: str) -> re.Pattern[str]:
    """Match from 8 entries on: shorter lists are not worth a token that rules can't look into."""
    one = rf"{_SPACE}*(?:{entry}){_SPACE}*{separator}"
    return re.compile(rf"{_SPACE}*(?P<entries>{one}(?:{one}){{7,}})", re.VERBOSE | re.DOTALL)


# NULL, TRUE and FALSE in an IN list mean more than a value among others; in a row they don't.
_ENTRIES = {
    "IN": _entries(_ENTRY, ","),
    "VALUES": _entries(
        rf"{_ENTRY}|(?i:null|true|false|default)", rf"(?:,|\){_SPACE}*,{_SPACE}*\()"
    ),
}
_STRING_ENTRY = re.compile(_QUOTED_ENTRY, re.DOTALL)
_ROW_END = re.compile(rf"\){_SPACE}*,{_SPACE}*\(")

# An E'' string goes on, still with backslash escapes, after white space that holds a line break.
_CONTINUATION = re.compile(
    r"[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*"
    r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'",
    re.DOTALL,
)
_CONTINUATION_START = re.compile(
    r"[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'"
)
_LEADING_SPACE = re.compile(rf"{_SPACE}*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_NAME = re.compile(_WORD)
_KEEPS_SIGN = re.compile(r"[~!@#^&|`?%]")
_HIDDEN = re.compile(r"%%|(?P<placeholder>%(?:\([^)]*\))?[-+ #0-9.*]*[A-Za-z])")

# Words after which a lone question mark cannot be a jsonb operator: no operand stands before it.
_NO_OPERAND = frozenset(
    {"ALL", "AND", "ANY", "BETWEEN", "BY", "ELSE", "FETCH", "FROM", "HAVING", "ILIKE", "IN", "IS"}
    | {"LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR", "RETURNING", "SELECT", "SET", "THEN", "TO"}
    | {"USING", "VALUES", "WHEN", "WHERE"}
)
_OPERANDS = frozenset({TokenKind.QUOTED, TokenKind.STRING, TokenKind.NUMBER, TokenKind.PLACEHOLDER})


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of a text in order, without white space and comments; raises `LexError`."""
    return scan(sql)[0]


def scan(sql: str) -> tuple[list[Token], list[Span]]:
    """Return the tokens of a text and the stretches that are comments; raises `LexError`."""
    if "\0" in sql:
        raise LexError("the text holds a NUL byte", sql.index("\0"))
    return _Scanner(sql).run()


def has_hidden_placeholder(sql: str) -> bool:
    """Whether a psycopg-style placeholder stands inside a quote or a comment, or touches one.

    A value that a driver merges there can break out of the quotes, so that the template says
    nothing about the text that the server gets. A text that can't be scanned counts as hiding
    every placeholder it holds.
    """
    if "%" not in sql:
        return False
    try:
        tokens, comments = scan(sql)
    except LexError:
        return _hides(sql)
    if any(_hides(sql[span.start : span.end]) for span in comments):
        return True
    quotes = (string for token in tokens for string in strings(token))
    names = (token.text for token in tokens if token.kind is TokenKind.QUOTED)
    if any(map(_hides, (*quotes, *names))):
        return True
    return any(
        _touches_name_or_quote(sql, token)
        for token in tokens
        if token.kind is TokenKind.PLACEHOLDER and token.text.startswith("%")
    )


def strings(token: Token) -> Iterator[str]:
    """Give the string of a token, or those of all the entries it stands for, as written."""
    if token.kind is TokenKind.STRING:
        yield token.text
    elif token.kind is TokenKind.ENTRIES:
        yield from (match[0] for match in _STRING_ENTRY.finditer(token.text))


def row_ends(token: Token) -> int:
    """Return how many rows of a VALUES list end inside of a token."""
    if token.kind is not TokenKind.ENTRIES:
        return 0
    return len(_ROW_END.findall(_STRING_ENTRY.sub("", token.text)))


def _hides(text: str) -> bool:
    return any(match.group("placeholder") for match in _HIDDEN.finditer(text))


def _touches_name_or_quote(sql: str, token: Token) -> bool:
    before = sql[max(token.start - 1, 0) : token.start]
    after = sql[token.end : token.end + 1]
    return any(mark in "'\"$_" or mark.isalnum() for mark in (before, after) if mark)


class _Scanner:
    """One pass over one text."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens: list[Token] = []
        self.comments: list[Span] = []
        self.brackets = 0

    def run(self) -> tuple[list[Token], list[Span]]:
        match_at = _TOKEN.match
        new, append = tuple.__new__, self.tokens.append
        word, kinds = TokenKind.WORD, _KINDS
        sql, position, length = self.sql, 0, len(self.sql)
        ascii_only = sql.isascii()
        while position < length:
            match = match_at(sql, position)
            # By number: looking a group up by its name takes as long as matching it.
            group = match.lastindex if match else None
            if match is None or group is None:
                space = _LEADING_SPACE.match(sql, position)
                position = space.end() if space else position
                raise LexError(f"no token can start at position {position}", position)
            start, position = match.span(group)
            if group == _WORD_GROUP:
                text = match[group]
                # Only ASCII is folded: str.upper() would turn a dotless i into a keyword's I.
                upper = text.upper() if ascii_only or text.isascii() else text
                append(new(Token, (word, text, start, position, upper)))
            elif group in kinds:
                text = match[group]
                kind, marks = kinds[group]
                append(new(Token, (kind, text, start, position, text if marks else "")))
            elif group != _END:
                position = _HANDLERS[group](self, start, position)
        return self.tokens, self.comments

    def add(self, kind: TokenKind, start: int, end: int, upper: str = "") -> int:
        self.tokens.append(Token(kind, self.sql[start:end], start, end, upper))
        return end

    def line_comment(self, start: int, end: int) -> int:
        self.comments.append(Span(start, end))
        return end

    def block_comment(self, start: int, end: int) -> int:
        depth = 1
        for mark in _COMMENT_MARK.finditer(self.sql, end):
            depth += 1 if mark.group() == "/*" else -1
            if depth == 0:
                self.comments.append(Span(start, mark.end()))
                return mark.end()
        raise LexError("a comment is not closed", start)

    def escape_string(self, start: int, end: int) -> int:
        while True:
            continuation = _CONTINUATION.match(self.sql, end)
            if continuation is None:
                break
            end = continuation.end()
        if _CONTINUATION_START.match(self.sql, end):
            raise LexError("a string is not closed", start)
        return self.add(TokenKind.STRING, start, end)

    def dollar_string(self, start: int, end: int) -> int:
        text = self.sql[start:end]
        close = self.sql.find(text, end)
        if close < 0:
            raise LexError("a dollar-quoted string is not closed", start)
        return self.add(TokenKind.STRING, start, close + len(text))

    def opening(self, start: int, end: int) -> int:
        before = self.tokens[-1].upper if self.tokens else ""
        self.add(TokenKind.PUNCTUATION, start, end, "(")
        # Inside square brackets ":name" is no placeholder.
        if before not in _ENTRIES or self.brackets > 0:
            return end
        entries = _ENTRIES[before].match(self.sql, end)
        return end if entries is None else self.add(TokenKind.ENTRIES, *entries.span("entries"))

    def bracket(self, start: int, end: int) -> int:
        self.brackets += 1 if self.sql[start] == "[" else -1
        return self.add(TokenKind.PUNCTUATION, start, end, self.sql[start])

    def colon(self, start: int, end: int) -> int:
        # Inside brackets a colon is an array slice's; elsewhere it can only start a placeholder.
        name = None if self.brackets > 0 else _NAME.match(self.sql, end)
        if name is None:
            return self.add(TokenKind.PUNCTUATION, start, end, ":")
        return self.add(TokenKind.PLACEHOLDER, start, name.end())

    def colons(self, start: int, end: int) -> int:
        return self.add(TokenKind.OPERATOR, start, end, self.sql[start:end])

    def operator(self, start: int, end: int) -> int:
        text = self.sql[start:end]
        signs: list[int] = []
        if text == "?" and not self.between_operands(end):
            return self.add(TokenKind.PLACEHOLDER, start, end)
        # "a=-1" is "=" and "-": only an operator with one of these characters keeps its sign.
        if text[-1] in "+-" and not _KEEPS_SIGN.search(text):
            signs.extend(range(start + max(len(text.rstrip("+-")), 1), end))
            text = text[: len(text) - len(signs)]
        # A literal percent sign arrives doubled where parameters are merged in.
        end_of_text = start + len(text)
        self.add(TokenKind.OPERATOR, start, end_of_text, text.replace("%%", "%"))
        for sign in signs:
            self.add(TokenKind.OPERATOR, sign, sign + 1, self.sql[sign])
        return end

    def between_operands(self, end: int) -> bool:
        if not self.tokens:
            return False
        before = self.tokens[-1]
        if before.kind is TokenKind.WORD:
            operand = before.upper not in _NO_OPERAND
        else:
            operand = before.kind in _OPERANDS or before.upper in (")", "]")
        after = self.sql[end : end + 200].lstrip(" \t\n\r\f\v")[:1]
        return operand and bool(after) and (after.isalnum() or after in "'\"$_(%:?" or after > "~")


_WORD_GROUP, _END = _TOKEN.groupindex["word"], _TOKEN.groupindex["end"]
# Groups whose tokens are the text as it is, by number: the kind, and whether it has an ``upper``.
_KINDS = {
    _TOKEN.groupindex[name]: (kind, kind in (TokenKind.PUNCTUATION, TokenKind.OPERATOR))
    for name, kind in {
        "mark": TokenKind.PUNCTUATION,
        "comparison": TokenKind.OPERATOR,
        "number": TokenKind.NUMBER,
        "string": TokenKind.STRING,
        "quoted": TokenKind.QUOTED,
        "percent": TokenKind.PLACEHOLDER,
        "parameter": TokenKind.PLACEHOLDER,
    }.items()
}
_HANDLERS = {
    _TOKEN.groupindex[name]: handler
    for name, handler in {
        "line": _Scanner.line_comment,
        "block": _Scanner.block_comment,
        "escape": _Scanner.escape_string,
        "dollar": _Scanner.dollar_string,
        "colons": _Scanner.colons,
        "opening": _Scanner.opening,
        "bracket": _Scanner.bracket,
        "colon": _Scanner.colon,
        "operator": _Scanner.operator,
    }.items()
}
