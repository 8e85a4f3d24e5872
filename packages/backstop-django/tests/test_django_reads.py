"""Whatever Django's ORM compiles as a read is SAFE, as a template and with its values merged.

The same conditions make a write LOW.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import DatabaseError, NotSupportedError, transaction
from django.test import override_settings

from backstop.classifier import classify
from backstop.levels import RiskLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = [
    "backstop.django",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "testing.corpora.library",
]
_REFUSED = (
    *(FieldError, ValidationError, NotSupportedError, DatabaseError),
    *(TypeError, ValueError, AttributeError, NotImplementedError, IndexError, Warning),
)


class Reads:
    """Runs queries, and keeps the texts of those that the server takes."""

    def __init__(self, connection: Any, corpus: Any) -> None:
        self.connection = connection
        self.corpus = corpus
        self.templates: set[str] = set()
        self.merged: set[str] = set()
        self._pending: list[tuple[str, str]] = []

    def note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        merged = self.connection.ops.last_executed_query(context["cursor"], sql, params)
        self._pending.append((sql, merged))
        return result

    def run(self, query: Any) -> bool:
        """Fetch the rows of a query; whether it is one."""
        self._pending = []
        try:
            with transaction.atomic():
                list(query)
        except _REFUSED:
            return False
        self.keep()
        return True

    def keep(self) -> None:
        """Keep what was sent since the last query."""
        self.templates.update(sql for sql, _ in self._pending)
        self.merged.update(merged for _, merged in self._pending)

    def above_safe(self) -> dict[str, str]:
        results = {text: classify(text) for text in self.templates | self.merged}
        return {
            text: found.reason for text, found in results.items() if found.level > RiskLevel.SAFE
        }


@pytest.fixture
def reads(open_alias: Any) -> Iterator[Reads]:
    with override_settings(INSTALLED_APPS=APPS):
        # Models can be imported only while their app is installed.
        from django.contrib.contenttypes.models import ContentType

        from testing.corpora import django_reads
        from testing.corpora.library import models

        connection = open_alias(MODE="monitor")

        with connection.schema_editor() as editor:
            for model in (ContentType, *models.MODELS):
                editor.create_model(model)
        models.fill()
        reads = Reads(connection, django_reads)
        with connection.execute_wrapper(reads.note):
            yield reads


def test_every_lookup_of_every_field_is_safe(reads: Reads) -> None:
    corpus = reads.corpus
    paths = set()
    for path, values in corpus.attempts():
        for value in values:
            with contextlib.suppress(*_REFUSED):
                query = corpus.Book.objects.filter(**{path: value}).order_by()
                if reads.run(query.values("pk")[:1]):
                    paths.add(path)
                    break
        with contextlib.suppress(*_REFUSED):
            reads.run(corpus.Book.objects.exclude(**{path: value})[:1])
    assert len(paths) > 700
    assert len(reads.templates) > 1_200
    assert reads.above_safe() == {}


def test_a_write_by_any_lookup_is_low(reads: Reads) -> None:
    from django.db.models import sql

    texts = set()
    for path, values in reads.corpus.attempts():
        for value in values[:-1]:  # the last is the row's own key
            with contextlib.suppress(*_REFUSED):
                rows = reads.corpus.Book.objects.order_by().filter(**{path: value})
                if reads.run(rows.values("pk")[:1]):
                    update = rows.query.chain(sql.UpdateQuery)
                    update.add_update_values({"number": 1})
                    delete = rows.query.chain(sql.DeleteQuery)
                    texts |= {one.get_compiler("default").as_sql()[0] for one in (update, delete)}
                    break
    assert len(texts) > 1_200
    above = [text for text in texts if classify(text).level > RiskLevel.LOW]
    # The length of an array is written as a CASE, which is not looked into; whether a range
    # includes its bounds, or has any, is the same for most; a slice may be empty for all.
    excepted = re.compile(r" CASE |(?:LOWER|UPPER)_IN[CF]|\[%s:%s\]")
    assert [text for text in above if not excepted.search(text)] == []


def test_every_function_and_aggregate_is_safe(reads: Reads) -> None:
    corpus = reads.corpus
    books = corpus.Book.objects.order_by()
    for call in (*corpus.calls(), *corpus.values()):
        with contextlib.suppress(*_REFUSED):
            annotated = books.annotate(x=call)
            if reads.run(annotated.values("x")[:2]):
                reads.run(annotated.filter(x__isnull=False).values("pk"))
                reads.run(books.values("pk").order_by(call)[:2])
    for summary in corpus.summaries():
        with contextlib.suppress(*_REFUSED):
            if reads.run(books.values("author").annotate(x=summary).values_list("x")):
                reads.run([books.aggregate(x=summary)])
                reads.run(corpus.Author.objects.annotate(x=summary).filter(x__isnull=True))
    assert len(reads.templates) > 600
    assert reads.above_safe() == {}


def test_every_shape_of_query_is_safe(reads: Reads) -> None:
    corpus = reads.corpus
    refused = [str(query.query) for query in corpus.querysets() if not reads.run(query)]
    assert refused == []
    books = corpus.Book.objects.all()
    with transaction.atomic():
        book = books.select_for_update().get(pk=books.earliest("pk").pk)
        for one in (books.count, books.exists, books.first, books.last, books.in_bulk):
            one()
        books.explain()
        books.explain(format="json", analyze=True, verbose=True)
        books.contains(book)
        list(books.iterator(chunk_size=2))
        book.refresh_from_db(fields=["title"])
        assert book.author.books.filter(number=1).exists()
        assert book.tags.count() == 1
        assert books.aggregate(corpus.Sum("number"), corpus.Avg("price", distinct=True))
    reads.keep()
    assert len(reads.templates) > 60
    assert reads.above_safe() == {}


def test_functions_of_extensions_are_unknown_by_their_text(reads: Reads) -> None:
    from django.contrib.postgres.search import TrigramSimilarity

    from testing.corpora.library.models import Wanted

    wanted = Wanted.objects.all()
    for query in (
        wanted.filter(title__unaccent="a"),
        wanted.filter(attributes__keys=["a"]),
        wanted.annotate(x=TrigramSimilarity("title", "a")),
    ):
        result = classify(query.query.sql_with_params()[0])
        assert {found.kind for found in result.findings} == {"unknown-function"}
    for query in (
        wanted.filter(title__trigram_similar="a"),
        wanted.filter(attributes__a="b", attributes__has_key="c"),
        wanted.filter(attributes__contains={"a": "b"}),
    ):
        assert classify(query.query.sql_with_params()[0]).level is RiskLevel.SAFE
