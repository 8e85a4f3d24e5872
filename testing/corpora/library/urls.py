"""The addresses of Django's admin over the app's models and those of django.contrib."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from testing.corpora.library.models import Author, Book, Tag


class BookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Lists with search, filters, a hierarchy of dates and rows to edit in place."""

    list_display = ("title", "author", "number", "made")
    list_editable = ("number",)
    list_filter = ("active", "author", "made", "tags")
    list_select_related = ("author",)
    search_fields = ("title", "author__name", "^slug", "=number")
    date_hierarchy = "made"
    fields = ("title", "author", "tags", "number")
    filter_horizontal = ("tags",)


site = admin.AdminSite()
site.register(Author)
site.register(Tag)
site.register(Book, BookAdmin)
urlpatterns = [path("admin/", site.urls)]
