"""Who is on record: a request's user, however late it is known, or a management command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import BaseCommand, call_command
from django.db import connection, connections
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path

import backstop
from backstop.context import current
from backstop.django.middleware import ActorMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = [
    "backstop.django.middleware.ActorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


def delete() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders")


def deletes(request: Any) -> HttpResponse:
    delete()
    return HttpResponse()


def reads(request: Any) -> HttpResponse:
    connection.cursor().execute("SELECT count(*) FROM orders")
    return HttpResponse()


def authenticates_late(request: Any) -> HttpResponse:
    """Do as REST frameworks do, whose views know the user by a token."""
    delete()
    request.user = User(request.GET["pk"])
    delete()
    return HttpResponse()


def goes_below(request: Any) -> HttpResponse:
    assert request.user.is_authenticated
    connection.ensure_connection()
    connection.connection.cursor().execute("DELETE FROM orders")
    return HttpResponse()


def calls_a_command(request: Any) -> HttpResponse:
    assert request.user.is_authenticated
    call_command(Deleting())
    return HttpResponse()


def names_another(request: Any) -> HttpResponse:
    with backstop.context(actor="task"):
        delete()
    return HttpResponse()


async def deletes_in_async(request: Any) -> HttpResponse:
    def work() -> None:
        delete()
        connections.close_all()

    if "asks" in request.GET and hasattr(request, "auser"):
        assert (await request.auser()).is_authenticated
    await sync_to_async(work)()
    return HttpResponse()


class User:
    is_authenticated = True

    def __init__(self, pk: str) -> None:
        self.pk = pk


class Deleting(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        delete()


class ByName(ActorMiddleware):
    def name(self, user: Any) -> str | None:
        return f"person:{user.username}"


VIEWS = [deletes, reads, authenticates_late, goes_below, calls_a_command, names_another,
         deletes_in_async]  # fmt: skip
urlpatterns = [path(view.__name__, view) for view in VIEWS]


@pytest.fixture
def project(open_alias: Any, orders: None) -> Iterator[Any]:
    """Give a user of a project with Django's own apps for users; nothing is recorded yet."""
    with override_settings(
        INSTALLED_APPS=["backstop.django", *APPS],
        MIDDLEWARE=MIDDLEWARE,
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["testserver"],
    ):
        open_alias(MODE="monitor")
        call_command("migrate", verbosity=0)
        connection.close()
        open_alias()
        from django.contrib.auth.models import User as Users

        yield Users.objects.create(username="anna")


def logged_in(user: Any, client: Any = None) -> Any:
    client = client or Client()
    client.force_login(user)
    return client


def actors(store: str) -> list[str]:
    return [one.actor for one in backstop.snapshots.list(store) if "public.orders" in one.tables]


def test_the_user_is_on_record_though_nobody_asked_who_it_is(project: Any, store: str) -> None:
    logged_in(project).get("/deletes")
    assert actors(store) == [f"user:{project.pk}"]


def test_without_a_user_the_actor_stays(project: Any, store: str) -> None:
    Client().get("/deletes")
    assert actors(store) == ["tester"]


def test_a_user_who_is_set_late_counts_from_then_on(project: Any, store: str) -> None:
    Client().get("/authenticates_late", {"pk": "4711"})
    assert actors(store) == ["tester", "user:4711"]


def test_what_goes_below_djangos_cursors_counts(project: Any, store: str) -> None:
    logged_in(project).get("/goes_below")
    assert actors(store) == [f"user:{project.pk}"]


def test_the_applications_own_context_wins(project: Any, store: str) -> None:
    logged_in(project).get("/names_another")
    assert actors(store) == ["task"]


@pytest.mark.parametrize("query", [{}, {"asks": "1"}])
def test_async_views(project: Any, store: str, query: dict[str, str]) -> None:
    client = logged_in(project, AsyncClient())
    asyncio.run(client.get("/deletes_in_async", query))
    assert actors(store) == [f"user:{project.pk}"]


def test_a_request_that_only_reads_looks_up_no_user(project: Any) -> None:
    client = logged_in(project)
    with CaptureQueriesContext(connection) as captured:
        client.get("/reads")
    assert [query["sql"] for query in captured] == ["SELECT count(*) FROM orders"]


def test_a_subclass_names_users_as_it_likes(project: Any, store: str) -> None:
    with override_settings(MIDDLEWARE=[f"{__name__}.ByName", *MIDDLEWARE[1:]]):
        logged_in(project).get("/deletes")
    assert actors(store) == ["person:anna"]


def test_the_place_in_the_list_is_of_no_matter(project: Any, store: str) -> None:
    with override_settings(MIDDLEWARE=[*MIDDLEWARE[1:], MIDDLEWARE[0]]):
        logged_in(project).get("/deletes")
    assert actors(store) == [f"user:{project.pk}"]


def test_a_user_who_cannot_be_looked_up_is_no_error_of_ours(project: Any, store: str) -> None:
    client = logged_in(project)
    connection.cursor().execute("ALTER TABLE auth_user RENAME TO elsewhere")
    client.get("/deletes")
    assert actors(store) == ["tester"]


def test_a_management_command_is_an_actor(project: Any, store: str) -> None:
    call_command(Deleting())
    assert actors(store) == [f"manage.py {__name__.rpartition('.')[2]}"]
    call_command("sqlflush", verbosity=0)
    assert current().actor is None


def test_a_command_that_somebody_calls_is_theirs(project: Any, store: str) -> None:
    logged_in(project).get("/calls_a_command")
    with backstop.context(actor="somebody"):
        call_command(Deleting())
    assert actors(store) == [f"user:{project.pk}", "somebody"]


def test_both_kinds_of_middleware_are_told_apart() -> None:
    from asgiref.sync import iscoroutinefunction

    async def get_response(request: Any) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(ActorMiddleware(get_response))
    assert not iscoroutinefunction(ActorMiddleware(deletes))
