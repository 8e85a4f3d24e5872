"""By what a statement names its actor and its sanction: execution options, and a session's info."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.orm import Session

from backstop.context import allow, context

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import ExecutionContext

ACTOR = "backstop_actor"
ALLOW = "backstop_allow"

_NOTHING: Mapping[str, Any] = {}

# The info of the session that a connection is at work for.
_infos: WeakKeyDictionary[Connection, Mapping[Any, Any]] = WeakKeyDictionary()


def options_of(execution: ExecutionContext) -> Mapping[str, Any]:
    """Return what is said of one statement: by its options, or else by its session's info."""
    options = execution.execution_options
    if not _infos and ACTOR not in options and ALLOW not in options:
        return _NOTHING
    info = _infos.get(execution.root_connection, _NOTHING)
    return {
        name: found[name] for found in (info, options) for name in (ACTOR, ALLOW) if name in found
    }


@contextmanager
def applied(options: Mapping[str, Any]) -> Iterator[None]:
    """Run the block under what is said of one statement.

    Raises ConfigurationError for an empty actor or reason.
    """
    with ExitStack() as entered:
        if options.get(ACTOR) is not None:
            entered.enter_context(context(actor=options[ACTOR]))
        if options.get(ALLOW) is not None:
            entered.enter_context(allow(options[ALLOW]))
        yield


@event.listens_for(Session, "after_begin")
def _began(session: Session, transaction: Any, connection: Connection) -> None:  # noqa: ARG001
    # The session's own dictionary: what is put there later counts as well.
    _infos[connection] = session.info


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: Any) -> None:
    if transaction.parent is None:
        for connection in [one for one, info in _infos.items() if info is session.info]:
            del _infos[connection]
