"""The documentation as its readers use it: pages, their code blocks, and what runs those.

Every block of python, console, sql and json is run or read, unless a comment before it says why
not. A comment ``<!-- exit: 1 -->`` is the exit code that a console block ends with, and
``<!-- compare -->`` says that what it prints is compared as well.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest import mock

from backstop.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]

_FENCE = re.compile(
    r"(?P<comments>(?:^<!--(?:(?!-->).)*-->\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r"<!-- *([\w ]+?) *(?:: *(.*?) *)?-->")
_STORAGE = re.compile(
    r"s3://prod-snapshots(@http://localhost:9000)?|file:///tmp/backstop-quickstart"
)


@dataclass(frozen=True)
class Block:
    """One block of code; ``line`` is where its text begins in the page."""

    page: Path
    line: int
    language: str
    text: str
    notes: dict[str, str]

    @property
    def runs(self) -> bool:
        """Whether it can be run by itself."""
        return "not run" not in self.notes

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> Iterator[tuple[str, str]]:
        """Give the commands of a console block, each with what it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def blocks(page: Path) -> list[Block]:
    """Give the blocks of one page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start("text")) + 1,
            match["language"],
            match["text"],
            {name: value or "" for name, value in _COMMENT.findall(match["comments"])},
        )
        for match in _FENCE.finditer(text)
    ]


def at_storage(text: str, url: str) -> str:
    """Put a storage that is there in the place of the one that the documentation names."""
    return _STORAGE.sub(url, text)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


def run_command(command: str, variables: dict[str, str]) -> Ended:
    """Run one ``backstop …`` as a reader's shell would, in this process, which is much faster."""
    with (
        mock.patch.dict(os.environ, variables),
        mock.patch.object(sys, "stdin", StringIO()),
        redirect_stdout(StringIO()) as output,
        redirect_stderr(StringIO()) as errors,
    ):
        code = main([os.path.expandvars(word) for word in shlex.split(command)[1:]])
    return Ended(code, output.getvalue(), errors.getvalue())
