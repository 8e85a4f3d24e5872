"""What Django's ORM writes, and what its own apps send, has the level it should."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings

from backstop.classifier import classify
from backstop.levels import RiskLevel
from testing.admin import SETTINGS as ADMIN

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRIB = [
    *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
    *("django.contrib.messages", "django.contrib.sessions", "django.contrib.sites"),
    *("django.contrib.flatpages", "django.contrib.redirects"),
]
SETTINGS: dict[str, Any] = {
    "INSTALLED_APPS": ["backstop.django", *CONTRIB, "testing.corpora.library"],
    "ROOT_URLCONF": "testing.corpora.library.urls",
    "SITE_ID": 1,
    "ALLOWED_HOSTS": ["testserver"],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "TEMPLATES": ADMIN["TEMPLATES"],
}


class Sent:
    """The statements that Django sends, as templates and with their values merged."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.texts: list[str] = []

    def note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        self.texts.append(sql)
        if params and not many:
            ops = self.connection.ops
            self.texts.append(ops.last_executed_query(context["cursor"], sql, params))
        return result

    def take(self) -> list[str]:
        taken, self.texts = list(dict.fromkeys(self.texts)), []
        return taken

    def above(self, level: RiskLevel) -> dict[str, str]:
        results = {text: classify(text) for text in self.take()}
        return {text: found.reason for text, found in results.items() if found.level > level}


@pytest.fixture
def sent(open_alias: Any) -> Iterator[Sent]:
    with override_settings(**SETTINGS):
        connection = open_alias(MODE="monitor")
        sent = Sent(connection)
        with connection.execute_wrapper(sent.note):
            yield sent


@pytest.fixture
def library(sent: Sent) -> Any:
    # Models can be imported only while their app is installed.
    from testing.corpora.library import models

    migrate(sent, models)
    models.fill()
    sent.take()
    return models


def migrate(sent: Sent, models: Any) -> None:
    call_command("migrate", verbosity=0)
    with sent.connection.schema_editor() as editor:
        for model in models.MODELS:
            editor.create_model(model)


def levels(texts: list[str]) -> set[RiskLevel]:
    return {classify(text).level for text in texts}


def test_a_write_by_key_is_low(library: Any, sent: Sent) -> None:
    from django.db.models import Case, F, Subquery, Value, When
    from django.db.models.functions import Coalesce

    Book, Author, Tag = library.Book, library.Author, library.Tag  # noqa: N806
    book = Book.objects.earliest("pk")
    book.document, book.numbers, book.span = {"a": "'; DROP TABLE x"}, [1, 2], (1, 5)
    book.save()
    book.number = F("number") + 1
    book.save(update_fields=["number"])
    Book.objects.create(title="%s ? $1", author=book.author)
    Book.objects.filter(pk=1).update(number=F("big") * 2, title=Value("x"))
    Book.objects.filter(author__name="Author 0", number__gt=1).update(number=2)
    Book.objects.filter(tags__label="tag 1").update(active=False)
    Book.objects.filter(pk__in=[1, 2]).update(
        number=Case(When(active=True, then=1), default=F("number"))
    )
    counts = library.Supply.objects.filter(shop__name="N").values("count")
    Book.objects.filter(pk=2).update(number=Coalesce(Subquery(counts[:1]), 0))
    Book.objects.bulk_create([Book(title=str(number)) for number in range(50)])
    Book.objects.bulk_create([Book(pk=1, title="a")], ignore_conflicts=True)
    Book.objects.bulk_update(Book.objects.all()[:9], ["number", "title"], batch_size=4)
    Author.objects.get_or_create(name="B")
    Author.objects.update_or_create(name="B", defaults={"mentor": book.author})
    tag = Tag.objects.create(label="c", target=book)
    book.tags.add(tag, *Tag.objects.all())
    book.tags.remove(tag)
    book.tags.set([tag])
    book.tags.clear()
    book.notes.add(tag)
    book.author.pupils.add(Author.objects.create(name="pupil"))
    book.author.pupils.clear()
    shop = library.Shop.objects.get()
    shop.name = "Other"
    shop.save()
    library.Shop.objects.filter(pk=shop.pk).update(name="N", opened=None)
    library.Shop.objects.filter(supply__count=2, name="N").update(opened="2024-01-01")
    shop.delete()
    Tag.objects.filter(pk=tag.pk).delete()
    Tag.objects.filter(book__title="x").delete()
    Author.objects.filter(name__startswith="Author").delete()
    Book.objects.filter(title__in=["1", "2"]).delete()
    with transaction.atomic():
        Book.objects.select_for_update().filter(pk=1).first()
        Book.objects.filter(pk=1).delete()
    Book.objects.all().delete()
    texts = sent.take()
    assert len(texts) > 100
    writes = [text for text in texts if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(writes) > 50
    assert levels(writes) == {RiskLevel.LOW}
    assert levels([text for text in texts if text not in writes]) == {RiskLevel.SAFE}


def test_a_write_to_every_row_is_critical(library: Any, sent: Sent) -> None:
    library.Book.objects.update(number=1)
    library.Supply.objects.all().delete()
    assert levels(sent.take()) == {RiskLevel.CRITICAL}


def test_an_insert_that_overwrites_is_high(library: Any, sent: Sent) -> None:
    library.Book.objects.bulk_create(
        [library.Book(pk=1, title="a")],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["title"],
    )
    assert levels([text for text in sent.take() if "INSERT" in text]) == {RiskLevel.HIGH}


def test_the_queries_of_the_contributed_apps_have_their_levels(library: Any, sent: Sent) -> None:
    from django.contrib.auth import authenticate
    from django.contrib.auth.models import Group, Permission, User
    from django.contrib.contenttypes.models import ContentType
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    user = User.objects.create_user("one", "one@example.com", "secret")
    group = Group.objects.create(name="readers")
    group.permissions.set(Permission.objects.filter(content_type__app_label="library")[:3])
    user.groups.add(group)
    user = authenticate(username="one", password="secret")
    assert user is not None
    assert user.has_perm("library.add_book") or not user.has_perms(["library.view_book"])
    assert User.objects.with_perm("library.add_author", backend=None) is not None
    list(User.objects.with_perm("library.add_author"))
    ContentType.objects.clear_cache()
    ContentType.objects.get_for_models(User, Group, library.Book)
    store = SessionStore()
    store["a"] = 1
    store.save()
    assert store.exists(store.session_key)
    store["a"] = 2
    store.save(must_create=False)
    assert SessionStore(store.session_key).get("a") == 2
    SessionStore.clear_expired()
    store.cycle_key()
    store.flush()
    assert not Session.objects.exists()
    call_command("remove_stale_contenttypes", interactive=False, verbosity=0)
    call_command("createsuperuser", interactive=False, username="r", email="r@e.com", verbosity=0)
    assert len(sent.texts) > 40
    assert sent.above(RiskLevel.LOW) == {}


def test_the_queries_of_the_admin_have_their_levels(library: Any, sent: Sent) -> None:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@example.com", "secret"))
    book = library.Book.objects.create(title="shown", made="2024-01-02T03:04Z")
    base = "/admin/library/book/"
    for page in (
        *("/admin/", base, f"{base}?q=a+b&o=-2.1", f"{base}?active__exact=1&author__id__exact=1"),
        *(f"{base}?made__year=2024", f"{base}add/", f"{base}{book.pk}/change/"),
        *(f"{base}{book.pk}/history/", f"{base}{book.pk}/delete/", f"{base}?tags__id__exact=1"),
        *("/admin/library/author/?all=", "/admin/library/tag/1/change/"),
    ):
        assert client.get(page).status_code == 200, page
    assert sent.above(RiskLevel.LOW) == {}
    form = {"title": "new", "author": "1", "tags": ["1"], "number": "3"}
    selected = {"action": "delete_selected", "_selected_action": [str(book.pk)], "post": "yes"}
    for page, posted in (
        (f"{base}add/", form),
        (f"{base}{book.pk}/change/", form | {"title": "changed", "author": "2"}),
        (base, selected),
        (f"{base}1/delete/", {"post": "yes"}),
    ):
        assert client.post(page, posted).status_code == 302, page
    assert len(sent.texts) > 60
    assert sent.above(RiskLevel.LOW) == {}


def test_introspection_is_safe(library: Any, sent: Sent) -> None:
    call_command("inspectdb", stdout=io.StringIO())
    introspection = sent.connection.introspection
    with sent.connection.cursor() as cursor:
        for table in introspection.table_names(cursor, include_views=True):
            introspection.get_table_description(cursor, table)
            introspection.get_constraints(cursor, table)
            introspection.get_relations(cursor, table)
            introspection.get_sequences(cursor, table)
    call_command("showmigrations", stdout=io.StringIO())
    call_command("migrate", check_unapplied=True, verbosity=0)
    sent.connection.check_constraints()
    assert len(sent.texts) > 60
    assert sent.above(RiskLevel.SAFE) == {}


def test_migrations_destroy_only_what_they_say(sent: Sent) -> None:
    from testing.corpora.library import models

    migrate(sent, models)
    texts = sent.take()
    reads = [text for text in texts if text.lstrip().startswith("SELECT")]
    rows = [text for text in texts if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    others = [text for text in texts if text not in reads and text not in rows]
    assert levels([text for text in reads if "setval(" not in text]) == {RiskLevel.SAFE}
    assert levels([text for text in reads if "setval(" in text]) == {RiskLevel.HIGH}
    assert levels(rows) == {RiskLevel.LOW}
    critical = [text for text in others if classify(text).level is RiskLevel.CRITICAL]
    assert all("DROP COLUMN" in text or " TYPE " in text for text in critical)
    assert levels([text for text in others if text.startswith("CREATE TABLE")]) == {RiskLevel.LOW}
    assert len(others) > 60


def test_what_empties_the_database_is_critical(library: Any, sent: Sent) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert RiskLevel.CRITICAL in levels([text for text in sent.take() if "TRUNCATE" in text])
    call_command("migrate", "sessions", "zero", verbosity=0)
    assert levels([text for text in sent.take() if "DROP" in text]) == {RiskLevel.CRITICAL}


def test_a_connection_is_set_up_with_safe_statements(sent: Sent) -> None:
    with override_settings(USE_TZ=True, TIME_ZONE="Europe/Berlin"):
        sent.connection.close()
        sent.connection.timezone_name = "Europe/Berlin"
        with sent.connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    for text in (sent.connection.ops.set_time_zone_sql(), *sent.take()):
        assert classify(text).level is RiskLevel.SAFE, text
