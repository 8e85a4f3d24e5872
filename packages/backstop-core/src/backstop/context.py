"""Who sends statements, and which of them are sanctioned, for a block of code.

Both are context variables: they hold for this thread or task and this block, never for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from backstop.errors import ConfigurationError

__all__ = ["Context", "allow", "context", "current"]


@dataclass(frozen=True)
class Context:
    """What holds for the statements of a block.

    ``actor`` replaces the guard's actor; ``attributes`` are recorded with every statement;
    ``allowed`` is the reason given to :func:`allow`, None outside of it.
    """

    actor: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    allowed: str | None = None


_current: ContextVar[Context] = ContextVar("backstop_context")
_OUTSIDE = Context()


def current() -> Context:
    """Return the context of this thread or task."""
    return _current.get(_OUTSIDE)


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
    outer = current()
    token = _current.set(Context(outer.actor, outer.attributes, reason.strip()))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def context(actor: str | None = None, **attributes: object) -> Iterator[None]:
    """Attribute the statements of this block to ``actor``, with further attributes on record.

    Attributes are added to those of an outer block; values are kept as text.
    """
    if actor is not None and (not isinstance(actor, str) or not actor.strip()):
        raise ConfigurationError('actor is empty: give a stable name such as actor="user:42".')
    outer = current()
    merged = {**outer.attributes, **{name: str(value) for name, value in attributes.items()}}
    token = _current.set(Context(actor or outer.actor, merged, outer.allowed))
    try:
        yield
    finally:
        _current.reset(token)
