"""Lets the functions of psycopg2 that look at a connection in C take a guarded one.

They are wrapped where psycopg2's modules have them, once, when the first connection is guarded;
with any other argument they do what they did.
"""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any, Callable

from psycopg2 import _psycopg, _range, extensions, extras, sql

from backstop.psycopg2.cursor import GuardCursor
from backstop.psycopg2.registry import unwrapped

# They hand their connection on to others, in C.
_ADAPTERS: tuple[Any, ...] = (
    *(extensions.SQL_IN, extras.HstoreAdapter, extras.Inet, extras.Json),
    _range.RangeAdapter,
)
_FUNCTIONS = ("register_type", "quote_ident", "encrypt_password")

_replaced: list[tuple[Any, str, Any]] = []
_patching = threading.Lock()


def patch() -> None:
    """Let what psycopg2 writes in Python, and three of its functions in C, take our proxy.

    These are ``register_type``, ``quote_ident`` and ``encrypt_password``.

    `backstop.guard` does it. Called earlier, it reaches modules too that import one of these
    functions by name. Does nothing the second time.
    """
    with _patching:
        if _replaced:
            return
        for name in _FUNCTIONS:
            original = getattr(_psycopg, name)
            for module in _modules():
                if vars(module).get(name) is original:
                    _replace(module, name, _taking_proxies(original))
        for adapter in _ADAPTERS:
            _replace(adapter, "prepare", _taking_proxies(adapter.prepare))
        _replace(sql.Literal, "as_string", _in_context(sql.Literal.as_string))


def unpatch() -> None:
    """Undo `patch`; guarding another connection does it again."""
    with _patching:
        while _replaced:
            owner, name, original = _replaced.pop()
            setattr(owner, name, original)


def _modules() -> list[Any]:
    return [
        module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "psycopg2" and module is not None
    ]


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _replaced.append((owner, name, vars(owner)[name]))
    setattr(owner, name, replacement)


def _taking_proxies(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        return original(
            *map(unwrapped, args), **{name: unwrapped(value) for name, value in kwargs.items()}
        )

    return function


def _in_context(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def as_string(self: Any, context: Any) -> str:
        if isinstance(context, GuardCursor):
            # Its connection goes on to an adapter, in C.
            context = context.connection
        return original(self, unwrapped(context))

    return as_string
