"""What ``backstop classify`` is given: a text of SQL, standard input, files and folders."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

STANDARD_INPUT = "<stdin>"
_SUFFIX = ".sql"
# No statement is made of these alone.
_PATH = re.compile(r"[\w~-]*[./][\w./~-]*")


class UnreadableInput(Exception):
    """An input that is no text in UTF-8, or can't be read at all."""


@dataclass(frozen=True)
class Input:
    """One text to classify: SQL as it was given, or the name of what holds it."""

    name: str | None = None
    sql: str = ""

    def read(self) -> str:
        """Return the text; raises `UnreadableInput`."""
        if self.name is None:
            return self.sql
        source = "Standard input" if self.name == STANDARD_INPUT else f"The file {self.name}"
        try:
            data = (
                sys.stdin.buffer.read()
                if self.name == STANDARD_INPUT
                else Path(self.name).read_bytes()
            )
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableInput(f"{source} is not text in UTF-8.") from None
        except OSError as error:
            raise UnreadableInput(f"{source} can't be read: {error.strerror}.") from None


def inputs(arguments: Sequence[str], files: Iterable[str]) -> list[Input]:
    """Return what arguments and ``--file`` name, each once; raises `click.UsageError`.

    One argument is SQL unless it names a file or folder that is there; several name files.
    """
    paths = [*files]
    if not paths and len(arguments) == 1 and not _is_path(arguments[0]):
        return [Input(sql=arguments[0])]
    for argument in arguments:
        if not _is_path(argument) or not (argument == "-" or os.path.exists(argument)):
            raise click.UsageError(
                f"There is no file {argument!r}. Give one text of SQL in quotes, or files."
            )
    names = dict.fromkeys(name for path in [*paths, *arguments] for name in _expand(path))
    if not names:
        raise click.UsageError("Give the SQL, - for standard input, or files and folders.")
    return [Input(name) for name in names]


def _is_path(argument: str) -> bool:
    """Whether an argument is meant as a path: a mistyped one must not pass as SQL."""
    return argument == "-" or bool(_PATH.fullmatch(argument)) or os.path.exists(argument)


def _expand(path: str) -> Iterator[str]:
    """Give the names of the files that a path stands for; in a folder, those of SQL, sorted."""
    if path == "-":
        yield STANDARD_INPUT
    elif os.path.isdir(path):
        found = sorted(_walk(path))
        if not found:
            raise click.UsageError(f"The folder {path} holds no file of SQL ({_SUFFIX}).")
        yield from found
    else:
        yield path


def _walk(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder, onerror=_fail):
        # Hidden folders hold what others made: environments, version control.
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(place, name) for name in names if name.lower().endswith(_SUFFIX))


def _fail(error: OSError) -> NoReturn:
    raise click.UsageError(f"The folder {error.filename} can't be read: {error.strerror}.")
