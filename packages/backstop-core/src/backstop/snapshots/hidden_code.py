"""The changes in the code that a text runs without holding it: routines that it calls, DO blocks.

They are looked for only where a text can't be tried out, as with a procedure that commits. What
code puts together at run time isn't found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backstop.classifier._source import Source
from backstop.classifier.bodies import language_and_code, statements_in
from backstop.classifier.literals import literal_text
from backstop.postgres.code.bodies import Routine, find_routines
from backstop.session import Session
from backstop.syntax.changes import Change, changes
from backstop.syntax.lexer import LexError, tokenize
from backstop.syntax.statements import split
from backstop.syntax.uses import used_names

_MAX_DEPTH = 10


def hidden_changes(session: Session, sql: str) -> list[Change]:
    """Return what the code behind a text changes, read from the catalog, calls inside of it too."""
    found: list[Change] = []
    seen: set[int] = set()
    step = list(_do_blocks(sql))
    names = _called(sql)
    for _ in range(_MAX_DEPTH):
        routines = [one for one in find_routines(session, names) if one.oid not in seen]
        seen.update(one.oid for one in routines)
        step += routines
        if not step:
            break
        found += [change for one in step for change in _changes_in(one)]
        names = {name for one in step for name in _called(one.code)}
        step = []
    return found


def _do_blocks(sql: str) -> Iterator[Routine]:
    for statement in split(sql):
        if statement.tokens[0].upper == "DO":
            source = Source(sql, list(statement.tokens))
            language, literals = language_and_code(source, 0, len(statement.tokens))
            yield Routine(0, language, literal_text(literals) or "")


def _called(code: str) -> set[tuple[str | None, str]]:
    try:
        tokens = tokenize(code)
    except LexError:
        return set()
    uses = used_names(tokens, 0, len(tokens))
    return {(use.schema, use.name) for use in uses if use.called and use.name is not None}


def _changes_in(routine: Routine) -> Iterator[Change]:
    try:
        for text in _statements(routine):
            yield from changes(text)
    except LexError:
        return


def _statements(routine: Routine) -> Iterable[str]:
    if routine.language != "plpgsql":
        return [routine.code]
    source = Source(routine.code, tokenize(routine.code))
    return [
        source.slice(start, stop) for start, stop in statements_in(source, 0, len(source.tokens))
    ]
