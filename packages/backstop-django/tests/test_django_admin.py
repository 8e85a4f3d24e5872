"""The admin's pages of snapshots."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import path

import backstop
from testing.admin import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.postgres import Connect

LIST = "/admin/backstop/snapshot/"
# The admin is loaded once its apps are installed.
urlpatterns: list[Any] = []


@pytest.fixture
def project(open_alias: Any, orders: None) -> Iterator[None]:
    """Set up a project with the admin and one snapshot, of the table orders."""
    with override_settings(**SETTINGS, ROOT_URLCONF=__name__):
        from django.contrib import admin

        urlpatterns[:] = [path("admin/", admin.site.urls)]
        open_alias(MODE="monitor")
        call_command("migrate", verbosity=0)
        connection.close()
        open_alias()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM orders")
        yield


@pytest.fixture
def snapshot(project: None, store: str) -> str:
    (found,) = backstop.snapshots.list(store)
    return found.id


def client(*permissions: str, superuser: bool = False) -> Client:
    from django.contrib.auth.models import Permission, User

    user = User.objects.create(username="anna", is_staff=True, is_superuser=superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    made = Client()
    made.force_login(user)
    return made


def text(response: Any) -> str:
    assert response.status_code == 200, response
    page = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(page).split())


def count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        return int(cursor.fetchone()[0])


def test_the_list(snapshot: str) -> None:
    browser = client("view_snapshot")
    page = text(browser.get(LIST))
    assert snapshot in page
    assert "DELETE public.orders 7" in page
    assert "tester committed" in page
    assert "1 snapshot" in page
    # The admin's own pages lead to it.
    assert LIST in browser.get("/admin/").content.decode()
    assert browser.get("/admin/backstop/").status_code == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"actor": "tester"}, True),
        ({"actor": "nobody"}, False),
        ({"table": "public.orders"}, True),
        ({"table": "orders"}, False),
        ({"age": "1"}, True),
        ({"age": "x"}, True),
        ({"fate": "committed"}, True),
        ({"fate": "rolled back"}, False),
        ({"actor": "tester", "fate": "failed"}, False),
        ({"p": "9"}, True),
        ({"database": "replica"}, True),
        ({"database": "lite"}, True),
    ],
)
def test_the_filters(snapshot: str, query: dict[str, str], shown: bool) -> None:
    page = text(client("view_snapshot").get(LIST, query))
    assert (snapshot in page) is shown
    for title in ("By actor", "By table", "By time", "By fate", "By database"):
        assert title in page


def test_every_link_of_the_list_leads_somewhere(snapshot: str) -> None:
    browser = client(superuser=True)
    found = re.findall(r'href="(\?[^"]*)"', browser.get(LIST, {"p": "1"}).content.decode())
    assert len(found) > 8
    for link in found:
        assert browser.get(LIST + html.unescape(link)).status_code == 200, link


def test_the_detail_says_what_it_holds_and_what_not(snapshot: str) -> None:
    page = text(client("view_snapshot").get(f"{LIST}{snapshot}/change/"))
    for said in ("DELETE FROM orders", "CRITICAL", "tester", "committed", "exact", "Restore plan"):
        assert said in page
    assert "public.orders 7 28 bytes DELETE" in page
    assert "Not covered" not in page


def test_the_objects_and_what_is_not_covered(project: None, store: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE <b> (id int)".replace("<b>", '"<b>"'))
        cursor.execute('DROP TABLE "<b>"')
    found = backstop.snapshots.list(store)[-1]
    page = client("view_snapshot").get(f"{LIST}{found.id}/change/").content.decode()
    assert "Objects that it holds" in page
    assert "<b>" not in page


def test_a_restore_shows_its_plan_asks_and_is_logged(snapshot: str) -> None:
    browser = client("view_snapshot", "restore_snapshot")
    plan = browser.get(f"{LIST}{snapshot}/restore/")
    assert "put back up to 7 rows of public.orders" in text(plan)
    assert 'value="Yes, restore"' in plan.content.decode()
    assert count() == 0
    done = text(browser.post(f"{LIST}{snapshot}/restore/"))
    assert "Everything came back. 7 rows put back, 0 objects created." in done
    assert count() == 7
    from django.contrib.admin.models import LogEntry

    (entry,) = LogEntry.objects.all()
    assert (entry.object_id, entry.user.get_username()) == (snapshot, "anna")
    assert "7 rows put back" in entry.get_change_message()
    assert entry.get_admin_url() == f"{LIST}{snapshot}/change/"
    assert "7 rows put back" in text(browser.get(f"{LIST}{snapshot}/history/"))
    assert snapshot in text(browser.get("/admin/"))
    assert "0 rows put back" in text(browser.post(f"{LIST}{snapshot}/restore/"))


def test_edits_since_are_kept_unless_somebody_says_otherwise(
    snapshot: str, connect: Connect
) -> None:
    with connect() as connected:
        connected.cursor().execute("INSERT INTO orders VALUES (1, 4711)")
    connected.close()
    browser = client(superuser=True)
    address = f"{LIST}{snapshot}/restore/"
    aborted = browser.post(address, {"on_conflict": "abort"}, follow=True)
    assert "Nothing was changed" in text(aborted)
    assert count() == 1
    assert "Restored in part" in text(browser.post(address))
    assert "Everything came back" in text(browser.post(address, {"on_conflict": "overwrite"}))
    refused = browser.post(address, {"on_conflict": "nonsense"}, follow=True)
    assert "it takes 'report', 'overwrite' or 'abort'" in text(refused)


def test_nobody_restores_without_the_permission(snapshot: str) -> None:
    browser = client("view_snapshot")
    page = browser.get(f"{LIST}{snapshot}/restore/").content.decode()
    assert "put back up to 7 rows" in page
    assert "Yes, restore" not in page
    assert browser.post(f"{LIST}{snapshot}/restore/").status_code == 403
    assert count() == 0


def test_nobody_sees_a_page_without_the_permission(snapshot: str) -> None:
    browser = client("restore_snapshot")
    for address in ("", *(f"{snapshot}/{page}/" for page in ("change", "restore", "history"))):
        assert browser.get(LIST + address).status_code == 403, address
    assert browser.post(f"{LIST}{snapshot}/restore/").status_code == 403
    assert count() == 0
    assert Client().get(LIST).status_code == 302


def test_a_restore_needs_a_token_of_the_page(snapshot: str) -> None:
    browser = client(superuser=True)
    browser.handler.enforce_csrf_checks = True
    assert browser.post(f"{LIST}{snapshot}/restore/").status_code == 403
    assert count() == 0


def test_a_snapshot_that_isnt_there(project: None) -> None:
    browser = client(superuser=True)
    for page in ("change", "restore"):
        answer = browser.get(f"{LIST}1nothing/{page}/", follow=True)
        assert answer.redirect_chain == [(LIST, 302)]
        assert "That is not a snapshot id" in text(answer)


def test_a_storage_that_does_not_answer(open_alias: Any, project: None, tmp_path: Any) -> None:
    browser = client(superuser=True)
    (tmp_path / "file").touch()
    open_alias(STORAGE=(tmp_path / "file" / "store").as_uri())
    assert browser.get(LIST).status_code == 200


def test_the_model_never_asks_a_database(project: None, capsys: Any) -> None:
    from django.apps import apps

    model = apps.get_model("backstop", "Snapshot")
    assert list(model.objects.all()) == list(model._base_manager.all()) == []
    call_command("dumpdata", "backstop", use_base_manager=True)
    assert capsys.readouterr().out.strip() == "[]"
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
