"""What a dialect's events tell of an engine's statements: who sends them, and who sanctioned them.

Statements are taken at the dialect's ``do_execute*`` events, where the text is final: after every
listener that rewrites it. The connection below judges them; where it can't, they are judged here.
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

_ENGINES = "backstop_engines"


def install(dialect: Dialect) -> None:
    """Listen to a dialect, for one more engine."""
    count = vars(dialect).get(_ENGINES, 0)
    setattr(dialect, _ENGINES, count + 1)
    if count:
        return
    for name, listener in _LISTENERS.items():
        event.listen(dialect, name, listener)
    if dialect.driver == "psycopg2":
        setattr(dialect, "connect", _connecting(dialect))  # noqa: B010 - for this one alone


def remove(dialect: Dialect) -> None:
    """Leave a dialect as it was, when no engine needs it to be listened to."""
    count = vars(dialect).get(_ENGINES, 0)
    if count > 1:
        setattr(dialect, _ENGINES, count - 1)
        return
    for name, listener in _LISTENERS.items():
        event.remove(dialect, name, listener)
    vars(dialect).pop("connect", None)
    vars(dialect).pop(_ENGINES, None)


def _connecting(dialect: Dialect) -> Callable[..., Any]:
    plain = dialect.connect

    def connect(*cargs: Any, **cparams: Any) -> Any:
        guard = guard_of_opening()
        if guard is not None:
            cparams["connection_factory"] = guard.factory(cparams.get("connection_factory"))
        return plain(*cargs, **cparams)

    return connect


def _do_execute(cursor: Any, text: str, parameters: Any, context: ExecutionContext) -> bool:
    return _take("do_execute", cursor, text, parameters, context)


def _do_executemany(cursor: Any, text: str, parameters: Any, context: ExecutionContext) -> bool:
    return _take("do_executemany", cursor, text, parameters, context)


def _do_execute_no_params(cursor: Any, text: str, context: ExecutionContext) -> bool:
    return _take("do_execute_no_params", cursor, text, context)


_LISTENERS: dict[str, Callable[..., bool]] = {
    "do_execute": _do_execute,
    "do_executemany": _do_executemany,
    "do_execute_no_params": _do_execute_no_params,
}


def _take(name: str, cursor: Any, *rest: Any) -> bool:
    context: ExecutionContext = rest[-1]
    guard = PoolGuard.of(context.root_connection.engine.pool)
    if guard is None:
        return False
    options = options_of(context)
    if guard.by_text is None and not options:
        return False
    with applied(options):
        if guard.by_text is None:
            _run(name, cursor, *rest)
        else:
            reader = reader_of(context.dialect.driver)
            read = reader.many if name == "do_executemany" else reader.single
            parameters: Any = None if name == "do_execute_no_params" else rest[1]
            statement = read(cursor, rest[0], parameters)
            run: Callable[[], None] = lambda: _run(name, cursor, *rest)  # noqa: E731
            if statement is None:
                run()
            else:
                guard.by_text.execute(statement, run, lambda: cursor.rowcount)
    return True


def _run(name: str, *arguments: Any) -> None:
    """Do what SQLAlchemy does without us: the other listeners, then the driver's call."""
    context: ExecutionContext = arguments[-1]
    ours = _LISTENERS[name]
    for listener in getattr(context.dialect.dispatch, name):
        if listener is not ours and listener(*arguments):
            return
    getattr(context.dialect, name)(*arguments)
