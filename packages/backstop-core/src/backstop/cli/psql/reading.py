"""Reads a file of SQL as psql does: tells SQL from psql's own commands and from rows after COPY.

What only psql reads becomes blank in the text that the classifier gets, so that every position
stays what it was. This must never hide what a server would run: what is not clearly a command, or
rows, stays in the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from backstop.cli.psql.commands import ENDS_STATEMENT, TAKES_WHOLE_LINE, Command, copies_rows
from backstop.syntax.lexer import LexError, Span, Token, tokenize
from backstop.syntax.statements import split_tokens
from backstop.syntax.structure import upper_at, words_at

_WHOLE = "|".join(re.escape(name) for name in sorted(TAKES_WHOLE_LINE))
_COMMAND = re.compile(
    rf"""
    \\(?:
      (?P<mark>[;:])
    | (?P<whole>![^\s\\]*|(?:{_WHOLE})(?![^\s\\])) (?P<line>[^\n]*)
    | (?P<name>[^\s\\]*)
      (?P<arguments>(?:'(?:[^'\\\n]|\\[^\n])*'|"[^"\n]*"|`[^`\n]*`|[^'"`\\\n])*)
      (?P<open>['"`][^\n]*)?
      (?P<separator>\\\\)?
    )
    """,
    re.VERBOSE | re.ASCII,
)
# The end of a line that may be that of COPY … FROM stdin, and the line that ends its rows.
_STDIN = re.compile(r"\bstdin\b[^;\n]*;[ \t\r\f\v]*(?:--[^\n]*)?\n", re.IGNORECASE)
_END_OF_ROWS = re.compile(r"^\\\.\r?$", re.MULTILINE)
# How far to look for the next command at first: there may be thousands in a long text.
_FIRST_LOOK = 4096


class Script(NamedTuple):
    """A file as psql reads it: the SQL in it, each word at its place, and psql's own commands.

    ``sent_at`` is where a command ends a statement, inside of brackets too; ``unclear_rows`` are
    the places of COPY … FROM stdin whose rows may still be in the SQL.
    """

    sql: str
    commands: list[Command]
    sent_at: list[int]
    unclear_rows: list[Span]


def read_script(text: str) -> Script:
    """Tell SQL from what only psql reads; a text without any of that comes back as it is."""
    reader = _Reader(text)
    reader.run()
    sql = "".join([*reader.parts, text[reader.kept :]])
    sent_at = [command.end for command in reader.commands if command.name in ENDS_STATEMENT]
    unclear = [*reader.unclear, *_unclear(sql, text, reader.taken)]
    return Script(sql, reader.commands, sent_at, unclear)


class _Reader:
    """One pass over one file.

    ``parts`` is its SQL up to ``kept``, as long as it was; ``taken`` is where the statements end
    whose rows were taken, ``unclear`` where a copy command stands whose rows were not.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.commands: list[Command] = []
        self.taken: set[int] = set()
        self.unclear: list[Span] = []
        self.position = self.kept = self.conditions = 0

    def run(self) -> None:
        stdin = _STDIN.search(self.text)
        while True:
            if stdin and stdin.end() <= self.position:
                stdin = _STDIN.search(self.text, self.position)
            end = stdin.end() if stdin else len(self.text)
            tokens, stop = self.scan(end)
            command = None if tokens is not None else _COMMAND.match(self.text, stop)
            if command:
                self.command(command)
            elif stdin is None:
                return
            elif tokens is not None:
                self.statements(tokens, end)
            else:
                # It stands inside a quote. Looking ever farther keeps the time linear.
                stdin = _STDIN.search(self.text, stop + 2 * (end - stop))

    def scan(self, end: int) -> tuple[list[Token] | None, int]:
        """Return the tokens up to an end and that end, or none and the place of the failure."""
        size = _FIRST_LOOK
        while True:
            cut = min(self.position + size, end)
            try:
                tokens = tokenize(self.text[self.position : cut])
            except LexError as error:
                stop = self.position + (error.position or 0)
                # A quote may only have been cut off; a backslash stands there whatever follows.
                if cut == end or self.text.startswith("\\", stop):
                    return None, stop
            else:
                if cut == end:
                    return tokens, end
            size *= 8

    def statements(self, tokens: list[Token], end: int) -> None:
        """Pass over statements up to the end of a line; rows may follow the last of them."""
        begin, self.position = self.position, end
        for last in split_tokens(tokens)[-1:]:
            if tokens[-1].upper == ";" and _reads_rows(last) and self.take_rows():
                self.taken.add(begin + last[-1].end)

    def command(self, found: re.Match[str]) -> None:
        """Pass over a command."""
        start, end = found.span()
        self.position = end
        if found["mark"]:
            # An escaped mark of SQL's: only the backslash is psql's.
            self.blank(start, start + 1)
            return
        name = found["whole"] or found["name"]
        arguments = found["line"] or (found["arguments"] or "") + (found["open"] or "")
        self.conditions += {"if": 1, "endif": -1}.get(name, 0)
        command = Command(name, arguments, start, end, not found["open"], self.conditions != 0)
        self.commands.append(command)
        self.blank(start, end, ";" if name in ENDS_STATEMENT else " ")
        if copies_rows(command):
            self.position = min(end + 1, len(self.text))
            if not self.take_rows():
                self.unclear.append(Span(start, end))

    def take_rows(self) -> bool:
        """Pass over the rows that start here, if it is certain where they end."""
        found = _END_OF_ROWS.search(self.text, self.position)
        # psql takes no rows for a COPY that an \if leaves out.
        if found is None or self.conditions != 0:
            return False
        self.blank(self.position, found.end())
        self.position = found.end()
        return True

    def blank(self, start: int, end: int, first: str = " ") -> None:
        self.parts += [self.text[self.kept : start], first, " " * (end - start - 1)]
        self.kept = end


def _reads_rows(tokens: list[Token]) -> bool:
    if upper_at(tokens, 0) != "COPY" or upper_at(tokens, 1) == "(":
        return False
    return any(words_at(tokens, index, "FROM", "STDIN") for index in range(2, len(tokens)))


def _unclear(sql: str, text: str, taken: set[int]) -> list[Span]:
    """Find the statements whose rows may follow, and were not taken."""
    if "stdin" not in sql.lower():
        return []
    try:
        statements = split_tokens(tokenize(sql))
    except LexError:
        return []
    return [
        Span(statement[0].start, statement[-1].end)
        for statement in statements
        if _reads_rows(statement)
        and statement[-1].end not in taken
        and _END_OF_ROWS.search(text, statement[-1].end)
    ]
