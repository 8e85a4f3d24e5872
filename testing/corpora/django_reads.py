"""Reads of Django's ORM: every lookup of every field, every function, and the rest by hand.

Which lookup or function takes what is for the server to say: `attempts` gives many, and those that
it refuses are no queries.
"""

from __future__ import annotations

import datetime
import decimal
import inspect
import itertools
import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.postgres import aggregates as postgres_aggregates
from django.contrib.postgres import search
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    Func,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    RowRange,
    Subquery,
    Sum,
    Transform,
    Value,
    ValueRange,
    When,
    Window,
    aggregates,
    functions,
)
from django.db.models.expressions import RawSQL

from testing.corpora.library.models import Author, Book, Shop, Supply, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)
VALUES: list[Any] = [
    1,
    "a",
    "50%_'\\; DROP TABLE library_book --",
    True,
    decimal.Decimal("1.5"),
    NOW,
    NOW.date(),
    NOW.time(),
    datetime.timedelta(days=1),
    uuid.UUID(int=1),
    b"a",
    {"a": 1},
    [1],
    ["a"],
    (1, 5),
    (NOW.date(), NOW.date()),
    (NOW, NOW),
    [NOW],
    [NOW.date()],
    F("pk"),
]
_INNER = ("exact", "gte", "in", "isnull")
_BY_HAND = (
    *("document__a", "document__a__b__0", "document__a__icontains", "document__a__isnull"),
    *("document__a__gt", "document__a__in", "document__a__regex", "document__0"),
    *("numbers__0", "numbers__0_1", "numbers__0__gt", "words__0__icontains", "words__0_2__len"),
    *("made__date__gt", "made__time__lt", "made__year__lte", "made__date__year", "made__week_day"),
    *("author", "author__isnull", "author__name__istartswith", "author__mentor__name", "tags"),
    *("tags__label__in", "notes__label", "author__books__number__gt", "pk", "pk__in", "author__in"),
)


def attempts() -> Iterator[tuple[str, list[Any]]]:
    """Give each lookup's path with the values that it may take."""
    for field in Book._meta.concrete_fields:
        for name, lookup in field.get_lookups().items():
            if issubclass(lookup, Transform):
                for inner in _INNER:
                    yield f"{field.name}__{name}__{inner}", VALUES
            else:
                yield f"{field.name}__{name}", VALUES
    for path in _BY_HAND:
        yield path, VALUES


ARGUMENTS: list[tuple[Any, ...]] = [
    (),
    ("title",),
    ("number",),
    ("weight",),
    ("active",),
    ("made",),
    ("day",),
    ("numbers",),
    ("document",),
    ("title", Value("a")),
    ("title", "slug"),
    ("number", "big"),
    ("weight", "number"),
    ("number", 2),
    ("title", 2),
    ("title", 2, 1),
    ("title", 5, Value("*")),
    ("title", Value("a"), Value("b")),
    ("made", "month"),
    ("day", "year"),
    ("title", "C"),
    ("number", FloatField()),
    ("weight", IntegerField()),
]


def calls() -> Iterator[Any]:
    """Call every database function with arguments of several types."""
    for _, make in inspect.getmembers(functions, inspect.isclass):
        if not issubclass(make, Func):
            continue
        for arguments in ARGUMENTS:
            try:
                call = make(*arguments)
            except (TypeError, ValueError, Warning):
                continue
            windowed = getattr(call, "window_compatible", False)
            yield Window(call, partition_by="author", order_by="number") if windowed else call
    for kind, name in itertools.product(
        (functions.Trunc, functions.Extract), ("year", "quarter", "month", "week", "day", "hour")
    ):
        yield kind("made", name)


def summaries() -> Iterator[Any]:
    """Aggregate in every way, with filters, defaults and orders."""
    modules = (aggregates, postgres_aggregates)
    kinds = itertools.chain.from_iterable(
        inspect.getmembers(module, inspect.isclass) for module in modules
    )
    options: tuple[dict[str, Any], ...] = (
        {},
        {"distinct": True},
        {"filter": Q(number__gt=1) | ~Q(title="a")},
        {"default": Value(None)},
        {"order_by": ("-number", "title")},
        {"ordering": ("-number", F("title").asc(nulls_first=True))},
        {"delimiter": ", "},
    )
    for (_, make), arguments, option in itertools.product(kinds, ARGUMENTS, options):
        if issubclass(make, Func) and 0 < len(arguments) < 3:
            try:
                yield make(*arguments, **option)
            except (TypeError, ValueError, Warning):
                continue


def values() -> Iterator[Any]:
    """Write the other kinds of expression."""
    newest = Book.objects.filter(author=OuterRef("author")).order_by("-made", "pk")
    yield F("number") + F("big") * 2 - 1
    yield F("number") % 2
    yield F("number").bitand(1).bitor(2).bitxor(3)
    yield F("price") / ExpressionWrapper(F("number") + Value(1), output_field=FloatField())
    yield F("made") - Value(datetime.timedelta(hours=1))
    yield F("made") - NOW
    yield Subquery(newest.values("title")[:1])
    yield ArraySubquery(newest.values("title"))
    yield Exists(newest.filter(number=OuterRef("number") + 1))
    yield ~Exists(Tag.objects.filter(book=OuterRef("pk")))
    yield Case(When(number__gt=1, then=Value("many")), default=Value("few"))
    yield Case(When(Q(active=True) & ~Q(title=""), then="title"), When(number=1, then="slug"))
    yield RawSQL("number * %s", (2,), output_field=IntegerField())
    yield Value("100%")
    yield Func(F("title"), Value("a"), function="strpos", output_field=IntegerField())
    yield Func("number", template="%(expressions)s %% 10", output_field=IntegerField())
    for frame in (RowRange(-1, 0), RowRange(None, None), ValueRange(None, 0)):
        yield Window(Sum("price"), "author", F("made").desc(nulls_last=True), frame)
    yield Window(Avg("weight")) - F("weight")
    vector = search.SearchVector("title", weight="A", config="simple") + search.SearchVector("text")
    for kind in ("plain", "phrase", "raw", "websearch"):
        query = search.SearchQuery("a", search_type=kind)
        yield search.SearchRank(vector, query, cover_density=True)
        yield search.SearchHeadline("title", query & ~search.SearchQuery("b"), max_words=9)


def querysets() -> Iterator[Any]:
    """Shape whole queries."""
    books = Book.objects.all()
    yield books.none().union(books)
    yield books.order_by(F("made").desc(nulls_last=True), "?", "-author__name", "author")
    yield books.reverse()[2:4]
    yield books.distinct().values("title")
    yield books.order_by("author_id", "-made").distinct("author_id")
    yield books.only("title", "author__name").select_related("author")
    yield books.defer("text", "document")
    yield books.select_related("author__mentor", "author__mentor__mentor")
    yield books.prefetch_related("tags", "author__books__tags", "notes", "supply_set__shop")
    yield books.prefetch_related(
        Prefetch("tags", Tag.objects.filter(label__gt="a"), to_attr="later"),
        Prefetch("author", Author.objects.annotate(n=Count("books"))),
    )
    yield Tag.objects.prefetch_related("target", "content_type", "book_set")
    yield Author.objects.prefetch_related("pupils__books", "mentor__books")
    yield Author.objects.prefetch_related(
        Prefetch("books", books.order_by("pk")[:2], to_attr="two")
    )
    yield books.values_list("title", "author__name", named=True)
    yield books.values("author").annotate(n=Count("pk"), t=Sum("price")).filter(n__gt=1)
    yield books.values("author__name").annotate(Max("made")).order_by("-made__max")
    yield books.annotate(n=Count("tags", distinct=True)).filter(Q(n=0) | Q(author__isnull=True))
    yield books.alias(n=Count("tags")).exclude(n=3)
    yield books.filter(Q(number=1) & (Q(title="a") | ~Q(slug="b")) ^ Q(active=True))
    yield books.exclude(tags__label="a").exclude(author__mentor__name="b")
    yield books.filter(tags__label="a").filter(tags__object_id=1)
    yield books.filter(author__in=Author.objects.filter(books__number__gt=1))
    yield books.filter(pk__in=list(range(300)))
    yield books.filter(Exists(Supply.objects.filter(book=OuterRef("pk"), count__gt=0)))
    yield Author.objects.annotate(
        cheap=FilteredRelation("books", condition=Q(books__price__lt=5))
    ).filter(cheap__title="a")
    yield books.extra(select={"twice": "number * 2"}, where=["number > %s"], params=[0])
    yield books.extra(tables=["library_author"], order_by=["library_author.name"])
    yield books.dates("day", "month", order="DESC")
    yield books.datetimes("made", "hour")
    yield Shop.objects.filter(name="a", opened__year=2024, stock__title="b")
    yield Shop.objects.select_related("place_ptr").annotate(n=Sum("supply__count"))
    first, second = books.filter(number=1).values("pk"), books.filter(number=2).values("pk")
    for combine in ("union", "intersection", "difference"):
        yield getattr(first, combine)(second).order_by("pk")[:3]
        yield books.filter(pk__in=getattr(first, combine)(second))
    yield first.union(second, first, all=True)
    for options in ({}, {"nowait": True}, {"skip_locked": True, "of": ("self",)}, {"no_key": True}):
        yield books.select_for_update(**options).filter(pk=1)
    yield Book.objects.raw("SELECT * FROM library_book WHERE title LIKE '%%a' AND id > %s", [0])
    yield Author.objects.filter(Q(pk=1) | Q(mentor__pk=2)).order_by("mentor__mentor__name", "pk")
    yield books.annotate(
        place=Window(functions.Rank(), partition_by="author", order_by="-price")
    ).filter(place=1)
