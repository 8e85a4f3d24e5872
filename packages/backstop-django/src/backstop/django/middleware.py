"""Attributes what a request sends to its user.

::

    MIDDLEWARE = [
        "backstop.django.middleware.ActorMiddleware",
        ...,
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]

The user is read when a statement is sent, as frameworks set it late, in the view or by a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, Callable, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from backstop.context import context
from backstop.django.actors import RequestActor, requests_actor

GetResponse = Callable[[HttpRequest], Any]


class ActorMiddleware:
    """Attributes the statements of a request to ``user:<primary key>``, sync and async alike.

    A request without a user keeps the actor that there is. A subclass may name users otherwise,
    by :meth:`name`. Where in the list it stands is of no matter to what comes after it.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(cast("Any", self))

    def __call__(  # noqa: D102
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._awaited(request)
        with self._attributed(request):
            return cast("HttpResponseBase", self.get_response(request))

    def name(self, user: Any) -> str | None:
        """Return the actor's name of a user who is logged in; it must not send statements."""
        key = getattr(user, "pk", None)
        return None if key is None else f"user:{key}"

    async def _awaited(self, request: HttpRequest) -> HttpResponseBase:
        with self._attributed(request):
            return cast("HttpResponseBase", await self.get_response(request))

    @contextmanager
    def _attributed(self, request: HttpRequest) -> Iterator[None]:
        actor = RequestActor(request, self.name)
        token = requests_actor.set(actor)
        try:
            with context(actor=actor):
                yield
        finally:
            requests_actor.reset(token)
