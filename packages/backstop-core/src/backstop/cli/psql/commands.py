"""The risk of psql's own commands: what they do to the server, and where psql runs.

The table holds every command of psql 18. One that isn't in it is unknown, and unknown is never
SAFE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import backstop
from backstop.classifier._source import Risk
from backstop.classifier.unreadable import unreadable_risk
from backstop.levels import RiskLevel
from backstop.result import Finding
from backstop.syntax.lexer import LexError, tokenize
from backstop.syntax.structure import match_brackets

_LOW, _HIGH, _CRITICAL = RiskLevel.LOW, RiskLevel.HIGH, RiskLevel.CRITICAL

TAKES_WHOLE_LINE = frozenset({"copy", "ef", "ev", "h", "help", "sf", "sf+", "sv", "sv+"})
ENDS_STATEMENT = frozenset(
    {"crosstabview", "g", "gdesc", "gexec", "gset", "gx", "parse", "sendpipeline", "watch"}
    # These drop the statement before them, or choose one: it never goes on behind them.
    | {"r", "reset", "if", "elif", "else", "endif"}
)
_HARMLESS = ENDS_STATEMENT | frozenset(
    {"?", "C", "H", "T", "a", "bind", "cd", "close", "close_prepared", "conninfo", "copyright"}
    | {"echo", "encoding", "endpipeline", "errverbose", "f", "flush", "flushrequest", "getenv"}
    | {"getresults", "h", "help", "html", "p", "print", "prompt", "pset", "q", "qecho", "quit"}
    | {"restrict", "set", "sf", "sf+", "startpipeline", "sv", "sv+", "syncpipeline", "t", "timing"}
    | {"unrestrict", "unset", "warn", "x"}
)
_LISTS = re.compile(r"(?:d[A-Za-z]*|l|list|lo_list|z)[Sx+]*")
_WRITES_FILE = frozenset({"g", "gx", "o", "out", "s", "w", "write"})
_FILE_NAME = re.compile(r"\s*(?:\([^)]*\))?\s*['\"]?(?P<pipe>\|)?\S")
_QUOTED_OR_SHELL = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|(?P<shell>`)")
_COPY_PLACE = re.compile(
    r"\b(?P<direction>from|to)\s+(?P<program>program\b\s*)?(?P<place>'(?:[^']|'')*'|\S+)",
    re.IGNORECASE,
)

_SHELL = (
    "psql-shell",
    _CRITICAL,
    "runs a command of the operating system. Take it out of the script.",
)
_FILE = ("psql-file", _LOW, "writes a file where psql runs.")
_INCLUDE = ("psql-include", _HIGH, "runs a file that is not read here. Classify that file too.")
_CONNECT = ("psql-connect", _LOW, "lets what follows run in another database or as another user.")
_EDIT = ("psql-edit", _HIGH, "opens an editor: what runs then is not in the text.")
_RISKS: dict[str, tuple[str, RiskLevel, str]] = {
    "bind_named": ("executes-prepared", _HIGH, "runs a statement that the text does not show."),
    "c": _CONNECT,
    "connect": _CONNECT,
    "e": _EDIT,
    "edit": _EDIT,
    "ef": _EDIT,
    "ev": _EDIT,
    "gexec": (
        "psql-generated",
        _CRITICAL,
        "runs SQL that is put together at run time. Write the statements out.",
    ),
    "i": _INCLUDE,
    "include": _INCLUDE,
    "include_relative": _INCLUDE,
    "ir": _INCLUDE,
    "lo_export": _FILE,
    "lo_import": ("psql-large-object", _LOW, "adds a large object."),
    "lo_unlink": ("psql-large-object", _CRITICAL, "removes a large object for good."),
    "password": ("privileges", _HIGH, "changes a password."),
    "setenv": ("psql-environment", _HIGH, "changes what programs that psql starts will do."),
}


class Command(NamedTuple):
    """One command in a text: its name, its arguments as written, and where it stands.

    ``clear`` says that its end is certain; it isn't where a quote is left open. ``conditional``
    says that it runs only if something holds.
    """

    name: str
    arguments: str
    start: int
    end: int
    clear: bool = True
    conditional: bool = False


def command_findings(command: Command, unread: Risk) -> Iterator[Finding]:
    """Find what makes a command risky; nothing for one that is harmless.

    ``unread`` is the risk of the whole text if it can't be read: one with an unknown command may
    be no script of psql's, and have been misread.
    """
    shown = f"\\{command.name}"
    if command.clear and command.name == "copy":
        yield from _copy_findings(command)
        return
    risk = _risk(command)
    if risk is not None:
        kind, level, what = risk
        reason = f"{shown} {what}"
    else:
        kind, level = unread.kind, unread.level
        reason = f"{shown} can't be read as a command of psql's. Take it out of the script."
    if level > RiskLevel.SAFE:
        yield Finding(kind, level, reason, None, command.start, command.end)


def _risk(command: Command) -> tuple[str, RiskLevel, str] | None:
    """Return the risk of a command, or nothing for an unknown one."""
    name, arguments = command.name, command.arguments
    if any(found["shell"] for found in _QUOTED_OR_SHELL.finditer(arguments)):
        return _SHELL
    if not command.clear:
        return None
    if name.startswith("!"):
        return _SHELL
    if name in _WRITES_FILE:
        file = _FILE_NAME.match(arguments)
        if file is not None:
            return _SHELL if file["pipe"] else _FILE
    if name == "set" and arguments.split()[:1] == ["SINGLELINE"]:
        what = "moves the ends of statements: what follows can't be read with certainty."
        return "changes-scanning", _HIGH, what
    if name in _RISKS:
        return _RISKS[name]
    if name in _HARMLESS or name in _WRITES_FILE or _LISTS.fullmatch(name):
        return "", RiskLevel.SAFE, ""
    return None


def copies_rows(command: Command) -> bool:
    """Whether the lines after a command are rows for it to copy."""
    place = _copy_place(command.arguments) if command.name == "copy" else None
    return place is not None and (place["direction"] + place["place"]).lower() == "fromstdin"


def _copy_findings(command: Command) -> Iterator[Finding]:
    """Judge a copy command by the COPY that psql makes of it, and by its file."""
    arguments, span = command.arguments, (command.start, command.end)
    place = _copy_place(arguments)
    if place is None:
        kind, level, reason = unreadable_risk(arguments)
        yield Finding(kind, level, reason, None, *span)
        return
    reads = place["direction"].lower() == "from"
    stream = f" {place['direction']} {'stdin' if reads else 'stdout'} "
    # For the server, a file of psql's is only a stream.
    sent = f"copy {arguments[: place.start()]}{stream}{arguments[place.end() :]}"
    for found in backstop.classify(sent).findings:
        yield Finding(found.kind, found.level, found.reason, found.table, *span)
    if place["program"]:
        kind, level, what = _SHELL
        yield Finding(kind, level, f"\\copy … program {what}", None, *span)
    elif not reads and place["place"].lower() not in ("stdout", "pstdout"):
        kind, level, what = _FILE
        yield Finding(kind, level, f"\\copy … to {what}", None, *span)


def _copy_place(arguments: str) -> re.Match[str] | None:
    """Return the direction and the file of a copy; the FROM of a query in brackets is none."""
    for found in _COPY_PLACE.finditer(arguments):
        try:
            match_brackets(tokenize(arguments[: found.start()]))
        except LexError:
            continue
        return found
    return None
