"""What a dialect tells of an engine's statements: who sends them, and who sanctioned them.

A dialect whose connections are guarded themselves has its methods replaced that hand a statement to
the driver, as its events would cost a statement more than the guard does. Any other is listened to
at its ``do_execute*`` events, where the text is final: the statement is judged there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from sqlalchemy import event

from backstop.drivers import reader_of
from backstop.sqlalchemy.guarding import PoolGuard, guard_of_opening
from backstop.sqlalchemy.options import applied, options_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import ExecutionContext

    from backstop.guarded import GuardedText

_ATTRIBUTE = "backstop_hooks"
_EVENTS = ("do_execute", "do_executemany", "do_execute_no_params")


class _Hooks:
    """What has been changed on a dialect, and for how many engines."""

    def __init__(self) -> None:
        self.engines = 0
        self.replaced: dict[str, Any] = {}


def install(dialect: Dialect, *, judged_here: bool) -> None:
    """Stand in between, for one more engine.

    ``judged_here`` says that the dialect's connections have no guard of their own.
    """
    hooks: _Hooks = vars(dialect).setdefault(_ATTRIBUTE, _Hooks())
    hooks.engines += 1
    if hooks.engines > 1:
        return
    if judged_here:
        for name, listener in _JUDGING.items():
            event.listen(dialect, name, listener)
        return
    made = {
        "do_execute": _naming(dialect.do_execute),
        "do_executemany": _naming(dialect.do_executemany),
        "do_execute_no_params": _naming_without(dialect.do_execute_no_params),
    }
    if dialect.driver == "psycopg2":
        made["connect"] = _connecting(dialect.connect)
    for name, method in made.items():
        hooks.replaced[name] = vars(dialect).get(name)
        setattr(dialect, name, method)


def remove(dialect: Dialect) -> None:
    """Leave a dialect as it was, when no engine needs it any more."""
    hooks: _Hooks = vars(dialect)[_ATTRIBUTE]
    hooks.engines -= 1
    if hooks.engines:
        return
    for name, before in hooks.replaced.items():
        if before is None:
            delattr(dialect, name)
        else:
            setattr(dialect, name, before)
    for name, listener in _JUDGING.items():
        if event.contains(dialect, name, listener):
            event.remove(dialect, name, listener)
    delattr(dialect, _ATTRIBUTE)


def _connecting(plain: Callable[..., Any]) -> Callable[..., Any]:
    def connect(*cargs: Any, **cparams: Any) -> Any:
        guard = guard_of_opening()
        if guard is not None:
            cparams["connection_factory"] = guard.factory(cparams.get("connection_factory"))
        return plain(*cargs, **cparams)

    return connect


def _naming(plain: Callable[..., None]) -> Callable[..., None]:
    """Return what tells the guard of the connection what is said of a statement."""

    def execute(cursor: Any, text: str, parameters: Any, context: Any = None) -> None:
        options = None if context is None else options_of(context)
        if not options:
            plain(cursor, text, parameters, context)
            return
        with applied(options):
            plain(cursor, text, parameters, context)

    return execute


def _naming_without(plain: Callable[..., None]) -> Callable[..., None]:
    """Return the same for a statement that has no parameters at all."""

    def execute(cursor: Any, text: str, context: Any = None) -> None:
        with applied({} if context is None else options_of(context)):
            plain(cursor, text, context)

    return execute


def _judging(name: str) -> Callable[..., bool]:
    """Return what judges a statement itself, by its text."""

    def listener(cursor: Any, text: str, *rest: Any) -> bool:
        context: ExecutionContext = rest[-1]
        guard = PoolGuard.of(context.root_connection.engine.pool)
        if guard is None or guard.by_text is None:
            return False
        with applied(options_of(context)):
            _judge(guard.by_text, name, cursor, text, *rest)
        return True

    return listener


_JUDGING = {name: _judging(name) for name in _EVENTS}


def _judge(guarded: GuardedText, name: str, cursor: Any, text: str, *rest: Any) -> None:
    reader = reader_of(rest[-1].dialect.driver)
    read = reader.many if name == "do_executemany" else reader.single
    parameters: Any = None if name == "do_execute_no_params" else rest[0]
    statement = read(cursor, text, parameters)
    if statement is None:
        _run(name, cursor, text, *rest)
    else:
        guarded.execute(statement, lambda: _run(name, cursor, text, *rest), lambda: cursor.rowcount)


def _run(name: str, *arguments: Any) -> None:
    """Do what SQLAlchemy does without us: the other listeners, then the driver's call."""
    context: ExecutionContext = arguments[-1]
    for listener in getattr(context.dialect.dispatch, name):
        if listener is not _JUDGING[name] and listener(*arguments):
            return
    getattr(context.dialect, name)(*arguments)
