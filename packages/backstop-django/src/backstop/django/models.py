"""What Django's permissions and its admin need to speak of snapshots; no table belongs to it."""

from __future__ import annotations

from typing import Any

from django.db import models


class StoredElsewhere(models.Manager["Snapshot"]):
    """No snapshot is in a database: whatever asks for all rows of all models gets none of these."""

    def get_queryset(self) -> Any:  # noqa: D102
        return super().get_queryset().none()


class Snapshot(models.Model):
    """A snapshot, by its id: what ``backstop.view_snapshot`` and ``restore_snapshot`` are about."""

    id: models.CharField[str, str] = models.CharField(primary_key=True, max_length=64)

    objects = StoredElsewhere()

    class Meta:  # noqa: D106
        managed = False
        base_manager_name = "objects"
        default_permissions = ("view",)
        permissions = (("restore_snapshot", "Can restore snapshot"),)

    def __str__(self) -> str:
        return str(self.id)
