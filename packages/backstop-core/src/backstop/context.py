"""Who sends statements, and which of them are sanctioned, for a block of code.

Both are context variables: they hold for this thread or task and this block, never for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Callable, Optional

from backstop.errors import ConfigurationError

__all__ = ["Context", "allow", "context", "current"]

LateActor = Callable[[], Optional[str]]


@dataclass(frozen=True)
class Context:
    """What holds for the statements of a block.

    ``actor`` replaces the guard's actor; ``attributes`` are recorded with every statement;
    ``allowed`` is the reason given to :func:`allow`, None outside of it. ``late`` is asked for the
    actor at each statement.
    """

    actor: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    allowed: str | None = None
    late: LateActor | None = None


_current: ContextVar[Context] = ContextVar("backstop_context")
_OUTSIDE = Context()


def current() -> Context:
    """Return the context of this thread or task."""
    found = _current.get(_OUTSIDE)
    if found.late is None:
        return found
    return replace(found, actor=found.late() or found.actor)


@contextmanager
def allow(reason: str) -> Iterator[None]:
    """Let the statements of this block through mode "block", with a reason on record.

    In mode "block" they are snapshotted before they run, as in "protect".
    Raises ConfigurationError for an empty reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigurationError(
            'reason is empty: say why, as in backstop.allow(reason="ticket 4711").'
        )
    token = _current.set(replace(_current.get(_OUTSIDE), allowed=reason.strip()))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def context(actor: str | LateActor | None = None, **attributes: object) -> Iterator[None]:
    """Attribute the statements of this block to ``actor``, with further attributes on record.

    A function is asked at each statement, for an actor who isn't known yet; it must send nothing
    to a database, and as long as it returns None the actor is that of the outer block. Attributes
    are added to those of an outer block; values are kept as text.
    """
    if actor is not None and not callable(actor) and not (isinstance(actor, str) and actor.strip()):
        raise ConfigurationError('actor is empty: give a stable name such as actor="user:42".')
    outer = _current.get(_OUTSIDE)
    inner = replace(
        outer,
        attributes={**outer.attributes, **{name: str(value) for name, value in attributes.items()}},
    )
    if callable(actor):
        inner = replace(inner, actor=current().actor, late=actor)
    elif actor is not None:
        inner = replace(inner, actor=actor, late=None)
    token = _current.set(inner)
    try:
        yield
    finally:
        _current.reset(token)
