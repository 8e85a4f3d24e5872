"""What a migration can say to Backstop.

::

    from backstop.django.operations import Allow

    class Migration(migrations.Migration):
        operations = [
            Allow(reason="ticket 4711: nobody reads it any more"),
            migrations.RemoveField("order", "legacy_code"),
        ]
"""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from backstop.context import allow


class Allow(Operation):
    """A marker: in mode "block", what its migration destroys is saved and runs.

    It holds for the whole migration, forwards and backwards, wherever it stands in it, and does
    nothing by itself. Raises ConfigurationError for an empty reason.
    """

    reduces_to_sql = False
    reversible = True

    def __init__(self, reason: str) -> None:
        with allow(reason):
            self.reason = reason

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the models as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Leave the database as it is."""

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Leave the database as it is."""

    def describe(self) -> str:
        """Say what it is for, as `manage.py migrate --plan` shows it."""
        return f"Allow what this migration destroys: {self.reason}"
