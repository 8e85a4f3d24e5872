"""Who sends the statements of a request, and of a management command.

A guard asks in the middle of a statement, when nothing else may be sent: it is told of the user
that is known by then. Django's cursors look the user up before.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from typing import Any, Callable

from django.core.management.base import BaseCommand
from django.http import HttpRequest
from django.utils.functional import LazyObject, empty

from backstop.classifier import classify
from backstop.context import context, current
from backstop.levels import RiskLevel

_NAMES = "backstop_names"
# They serve requests, which have actors of their own.
_SERVERS = ("runserver", "testserver")


class RequestActor:
    """The actor of one request: None as long as it has no user who is logged in."""

    def __init__(self, request: HttpRequest, name: Callable[[Any], str | None]) -> None:
        self._request = request
        self._name = name
        self._asked = False

    def __call__(self) -> str | None:
        """Return the name of the user as far as known; nothing is sent to find out."""
        user = _known_user(self._request)
        return self._name(user) if getattr(user, "is_authenticated", False) else None

    def find(self, sql: object) -> None:
        """Have the user looked up before a statement that isn't SAFE, once and if nobody has."""
        if self._asked or (isinstance(sql, str) and classify(sql).level is RiskLevel.SAFE):
            return
        user = vars(self._request).get("user")
        if user is None:
            return
        # Whatever is wrong with it is for the application to meet. Asking sends statements.
        self._asked = True
        with suppress(Exception):
            getattr(user, "is_authenticated", None)


requests_actor: ContextVar[RequestActor | None] = ContextVar("backstop_request", default=None)
"""The actor of the request that is being answered."""


def name_commands() -> None:
    """Attribute what management commands send to them, from here on; asked again, nothing changes.

    Commands that another actor calls are that one's.
    """
    execute = BaseCommand.execute
    if hasattr(execute, _NAMES):
        return

    @wraps(execute)
    def named(self: BaseCommand, *args: Any, **options: Any) -> str | None:
        name = type(self).__module__.rpartition(".")[2]
        if name in _SERVERS or current().actor is not None:
            return execute(self, *args, **options)
        with context(actor=f"manage.py {name}"):
            return execute(self, *args, **options)

    setattr(named, _NAMES, True)
    BaseCommand.execute = named  # type: ignore[method-assign]


def _known_user(request: HttpRequest) -> Any:
    user = vars(request).get("user")
    if isinstance(user, LazyObject) and vars(user).get("_wrapped", empty) is empty:
        # Where request.auser() has put it.
        return getattr(request, "_cached_user", None) or getattr(request, "_acached_user", None)
    return user
