"""Makes the guarded class of any cursor class, and guarded cursors by whatever factory there is."""

from __future__ import annotations

import inspect
from functools import cache
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any, Callable

from psycopg2 import extensions

from backstop.drivers import psycopg2_statements as statements
from backstop.psycopg2.cursor import GuardCursor
from backstop.statement import Statement

if TYPE_CHECKING:
    from backstop.psycopg2.connection import GuardedConnection

_GIVEN = ("arraysize", "itersize", "row_factory", "tzinfo_factory", "string_types", "binary_types")


def guarded_cursor(
    connection: GuardedConnection, make: Callable[..., Any], *args: Any, **kwargs: Any
) -> GuardCursor:
    """Return the cursor that ``make``, a connection's own method, makes, under guard."""
    given = {**dict(zip(("name", "cursor_factory", "withhold", "scrollable"), args)), **kwargs}
    # A connection class of its own, such as LoggingConnection, sets a default unless one is given.
    decides = isinstance(make, BuiltinMethodType) or "cursor_factory" in given
    factory: Any = given.get("cursor_factory") or connection.connection.cursor_factory
    if factory is None and decides:
        factory = extensions.cursor
    is_class = isinstance(factory, type) and issubclass(factory, extensions.cursor)
    cursor: Any
    if is_class:
        cursor = make(**{**given, "cursor_factory": guarded_class(factory)})
    else:
        chosen = {} if factory is None else {"cursor_factory": factory}
        cursor = _put_under_guard(make(**{**given, **chosen}))
    cursor._backstop_connection = connection
    guarded: GuardCursor = cursor
    return guarded


@cache
def guarded_class(base: Any) -> type[GuardCursor]:
    """Return the guarded subclass of a cursor class."""
    if issubclass(base, GuardCursor):
        made: type[GuardCursor] = base
        return made
    if base is extensions.cursor:
        return GuardCursor
    name = f"Guarded{base.__name__}"
    behind = type(name, (base, GuardCursor), {})
    by_name = {method: _in_front(behind, method) for method in _READ if _by_name(base, method)}
    return type(name, (behind,), by_name) if by_name else behind


def _put_under_guard(cursor: Any) -> GuardCursor:
    """Guard a cursor that a function has made: keep the cursor where its class allows that."""
    kind: Any = type(cursor)
    guarded = guarded_class(kind)
    try:
        cursor.__class__ = guarded
    except TypeError:
        # A class in C, or one with slots.
        again = guarded(cursor.connection, cursor.name)
        for name in _GIVEN:
            setattr(again, name, getattr(cursor, name))
        if cursor.name is not None:
            again.withhold, again.scrollable = cursor.withhold, cursor.scrollable
        return again
    kept: GuardCursor = cursor
    return kept


# How the arguments of each method, by psycopg2's names, read as a statement.
_NAMES = {
    "execute": ("query", "vars"),
    "executemany": ("query", "vars_list"),
    "callproc": ("procname", "parameters"),
    "copy_expert": ("sql",),
    "copy_from": ("file", "table"),
    "copy_to": ("file", "table"),
    "start_replication_expert": ("command",),
}
_READ: dict[str, Callable[[Any, dict[str, Any]], Statement | None]] = {
    "execute": lambda cursor, given: statements.single(cursor, given["query"], given.get("vars")),
    "executemany": lambda cursor, given: statements.many(
        cursor, given["query"], given["vars_list"]
    ),
    "callproc": lambda _, given: statements.call(given["procname"], given.get("parameters")),
    "copy_expert": lambda cursor, given: statements.single(cursor, given["sql"], None),
    "copy_from": lambda _, given: statements.copy_from(given["table"]),
    "copy_to": lambda _, given: statements.copy_to(given["table"]),
    # On an ordinary connection the server takes any statement by it.
    "start_replication_expert": lambda cursor, given: statements.single(
        cursor, given["command"], None
    ),
}


def _by_name(base: type[extensions.cursor], method: str) -> bool:
    """Whether an application's class may call psycopg2's method by name, past the guard behind it.

    That is so unless each of its own methods of that name calls ``super()``.
    """
    own = base.__mro__[: base.__mro__.index(extensions.cursor)]
    found = (vars(one)[method] for one in own if method in vars(one))
    return any("super" not in _names(inspect.unwrap(function)) for function in found)


def _names(function: Any) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    return () if code is None else code.co_names


def _in_front(behind: Any, method: str) -> Callable[..., Any]:
    """Return a method that judges what the application's class is given, before that has it."""
    application, names = getattr(behind, method), _NAMES[method]

    def guarded(self: GuardCursor, *args: Any, **kwargs: Any) -> Any:
        if method == "executemany":
            # Its sets may be read only once.
            args = (*args[:1], *map(list, args[1:2]), *args[2:])
            kwargs.update({"vars_list": list(kwargs["vars_list"])} if "vars_list" in kwargs else {})
        statement = _READ[method](self, {**dict(zip(names, args)), **kwargs})
        return self._guarded_in_front(statement, lambda: application(self, *args, **kwargs))

    return guarded
