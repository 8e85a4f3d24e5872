"""The app's models: fields of every type, keys, many to many, inheritance, generic relations."""

# ruff: noqa: D106
# Without Django's plugin, the types of fields can't be told.
# mypy: disable-error-code="var-annotated"

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres import fields as postgres
from django.db import models


class Author(models.Model):
    """What books refer to, and itself."""

    name = models.CharField(max_length=50, unique=True)
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, related_name="pupils")

    class Meta:
        app_label = "library"
        ordering = ("name",)


class Tag(models.Model):
    """Many to many, and on whatever there is."""

    label = models.CharField(max_length=50)
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.BigIntegerField(null=True)
    target = GenericForeignKey()

    class Meta:
        app_label = "library"


class Book(models.Model):
    """A field of every type."""

    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="books")
    tags = models.ManyToManyField(Tag)
    notes = GenericRelation(Tag)
    slug = models.SlugField(default="a")
    text = models.TextField(default="")
    email = models.EmailField(default="")
    number = models.IntegerField(default=1)
    small = models.SmallIntegerField(default=1)
    big = models.BigIntegerField(default=1)
    positive = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=1)
    weight = models.FloatField(default=0.5)
    active = models.BooleanField(default=True)
    day = models.DateField(null=True)
    at = models.TimeField(null=True)
    made = models.DateTimeField(null=True)
    period = models.DurationField(null=True)
    key = models.UUIDField(null=True)
    data = models.BinaryField(null=True)
    address = models.GenericIPAddressField(null=True)
    file = models.FileField(default="")
    document = models.JSONField(default=dict)
    numbers = postgres.ArrayField(models.IntegerField(), default=list)
    words = postgres.ArrayField(models.CharField(max_length=10), default=list)
    span = postgres.IntegerRangeField(null=True)
    spans = postgres.BigIntegerRangeField(null=True)
    decimals = postgres.DecimalRangeField(null=True)
    stay = postgres.DateRangeField(null=True)
    stays = postgres.DateTimeRangeField(null=True)

    class Meta:
        app_label = "library"
        constraints = (models.UniqueConstraint(fields=("title", "author"), name="one_title"),)


class Place(models.Model):
    """The parent of a table of its own."""

    name = models.CharField(max_length=50)

    class Meta:
        app_label = "library"


class Shop(Place):
    """A child with a table of its own."""

    opened = models.DateField(null=True)
    stock = models.ManyToManyField(Book, through="Supply")

    class Meta:
        app_label = "library"


class Supply(models.Model):
    """Many to many with more to say."""

    shop = models.ForeignKey(Shop, models.CASCADE)
    book = models.ForeignKey(Book, models.CASCADE)
    count = models.IntegerField(default=0)

    class Meta:
        app_label = "library"
        unique_together = (("shop", "book"),)


MODELS = (Author, Tag, Book, Place, Shop, Supply)


class Wanted(models.Model):
    """Fields of extensions: its queries are written, and never run."""

    title = models.CharField(max_length=50)
    attributes = postgres.HStoreField()
    nickname = models.TextField()

    class Meta:
        app_label = "library"
        managed = False


def fill() -> None:
    """Add a few rows of every model."""
    ContentType.objects.clear_cache()
    mentor = Author.objects.create(name="A. Mentor")
    for number in range(3):
        author = Author.objects.create(name=f"Author {number}", mentor=mentor)
        books = [Book(title=f"50% of {number}{part}", author=author) for part in "abc"]
        Book.objects.bulk_create(books)
        books[0].tags.add(Tag.objects.create(label=f"tag {number}", target=books[1]))
    shop = Shop.objects.create(name="Corner")
    Supply.objects.create(shop=shop, book=books[0], count=2)
