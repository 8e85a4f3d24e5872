"""The admin's pages of snapshots: the list, what one holds, its restore plan, and the restore.

Loaded by ``django.contrib.admin`` where a project has that.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.options import csrf_protect_m
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

import backstop
from backstop.cli.listing import what_became
from backstop.django import browsing
from backstop.django.models import Snapshot
from backstop.django.restoring import connection_for, settings_for
from backstop.errors import BackstopError, SnapshotNotFound
from backstop.recovery import OnConflict, RestoreReport

_TEMPLATES = "admin/backstop/snapshot"
_RESTORE = "backstop.restore_snapshot"


@admin.register(Snapshot)
class SnapshotAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pages for whoever has ``backstop.view_snapshot``; ``restore_snapshot`` is for the button."""

    def get_urls(self) -> list[URLPattern]:
        """Return the pages' addresses, by the names that the admin links to."""
        # A restore has a connection of its own, which must not wait for the request's locks.
        views = {
            "": (self.changelist_view, "changelist"),
            "<str:object_id>/change/": (self.change_view, "change"),
            "<str:object_id>/history/": (self.history_view, "history"),
            "<str:object_id>/restore/": (self.restore_view, "restore"),
        }
        return [
            path(
                route,
                transaction.non_atomic_requests(self.admin_site.admin_view(view)),
                name=f"backstop_snapshot_{name}",
            )
            for route, (view, name) in views.items()
        ]

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        """Refuse: a statement makes them."""
        return False

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        """Refuse: what is stored is written once."""
        return False

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        """Refuse: `backstop snapshots prune` is for that."""
        return False

    def get_object(self, request: HttpRequest, object_id: str, *_: Any) -> Snapshot | None:
        """Return a snapshot that is stored, for the admin's page of its history."""
        try:
            backstop.snapshots.show(object_id, settings_for(browsing.alias_of(request.GET)).storage)
        except BackstopError:
            return None
        return Snapshot(id=object_id)

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - Django's name
    ) -> HttpResponse:
        """Show the list."""
        self._require_view(request)
        listing = None
        try:
            listing = browsing.listing(request.GET)
        except BackstopError as error:
            self.message_user(request, str(error), messages.ERROR)
        return self._page(request, "list", "Snapshots", listing=listing)

    def change_view(self, request: HttpRequest, object_id: str, *_: Any, **__: Any) -> HttpResponse:
        """Show what one snapshot holds, and what it doesn't."""
        self._require_view(request)
        try:
            storage = settings_for(browsing.alias_of(request.GET)).storage
            snapshot = backstop.snapshots.show(object_id, storage)
        except BackstopError as error:
            return self._back(request, error)
        manifest, outcome = snapshot.manifest, snapshot.outcome
        return self._page(
            request,
            "detail",
            f"Snapshot {manifest.id}",
            snapshot=snapshot,
            consistency=(outcome.consistency or manifest.consistency).value,
            fate=what_became(outcome.status, snapshot.fate),
            not_covered=list(dict.fromkeys(manifest.not_covered + outcome.not_covered)),
        )

    @csrf_protect_m  # type: ignore[untyped-decorator]
    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the restore plan, and do it once somebody has said so."""
        self._require_view(request)
        if request.method == "POST" and not self._may_restore(request):
            raise PermissionDenied
        choice = request.POST.get("on_conflict", OnConflict.REPORT.value)
        try:
            report = self._restore(request, object_id, choice, request.method != "POST")
        except BackstopError as error:
            return self._back(request, error, object_id)
        name = report.plan.snapshot_id
        if request.method != "POST":
            return self._page(request, "restore", f"Restore {name}", plan=report.plan)
        said = _summary(report)
        self.log_change(request, Snapshot(id=name), said)
        self.message_user(request, said, messages.SUCCESS if report.complete else messages.WARNING)
        return self._page(request, "restored", f"Restored {name}", report=report, plan=report.plan)

    def _restore(
        self, request: HttpRequest, object_id: str, choice: str, dry_run: bool
    ) -> RestoreReport:
        alias = browsing.alias_of(request.GET)
        storage = settings_for(alias).storage
        with connection_for(object_id, alias) as connection:
            return backstop.restore(
                object_id, storage=storage, conn=connection, on_conflict=choice, dry_run=dry_run
            )

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _may_restore(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm(_RESTORE))

    def _page(self, request: HttpRequest, name: str, title: str, **values: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **values,
            "title": title,
            "opts": self.opts,
            "may_restore": self._may_restore(request),
            "query": _query(request),
        }
        return TemplateResponse(request, f"{_TEMPLATES}/{name}.html", context)

    def _back(
        self, request: HttpRequest, error: BackstopError, object_id: str | None = None
    ) -> HttpResponse:
        """Say what went wrong on the page before: that of the snapshot if there is one."""
        self.message_user(request, str(error), messages.ERROR)
        if object_id is None or isinstance(error, SnapshotNotFound):
            address = reverse(f"{self.admin_site.name}:backstop_snapshot_changelist")
        else:
            address = reverse(f"{self.admin_site.name}:backstop_snapshot_change", args=[object_id])
        return HttpResponseRedirect(f"{address}{_query(request)}")


def _query(request: HttpRequest) -> str:
    """Return what leads to the same alias."""
    chosen = request.GET.get(browsing.DATABASE)
    return f"?{urlencode({browsing.DATABASE: chosen})}" if chosen else ""


def _summary(report: RestoreReport) -> str:
    if report.plan.nothing_to_do is not None:
        return f"Nothing to do: {report.plan.nothing_to_do}"
    back = sum(table.inserted + table.updated for table in report.tables)
    end = "Everything came back." if report.complete else "Restored in part."
    return f"{end} {back:,} rows put back, {len(report.created):,} objects created."
