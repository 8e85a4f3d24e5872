"""Migrations: what they destroy comes back, and in mode block they stop and say how to go on."""

from __future__ import annotations

import importlib
import io
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.writer import OperationWriter
from django.test import override_settings

import backstop
from backstop.django.operations import Allow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Migrate = Callable[..., None]

INITIAL = """
from django.db import migrations, models

def fill(apps, editor):
    Ware = apps.get_model("wares", "Ware")
    Ware.objects.bulk_create(Ware(name=f"{n}2", note=n) for n in range(7))

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Ware", [
            ("id", models.AutoField(primary_key=True)),
            ("name", models.CharField(max_length=9)),
            ("note", models.TextField()),
        ]),
        migrations.RunPython(fill),
    ]
"""
SECOND = """
from django.db import connection, migrations, models
from backstop.django.operations import Allow

def empty(apps, editor):
    apps.get_model("wares", "Ware").objects.update(note="")

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("wares", "0001_initial")]
    operations = [{operations}]
"""
DESTRUCTIVE = {
    "RemoveField": "migrations.RemoveField('Ware', 'note')",
    "DeleteModel": "migrations.DeleteModel('Ware')",
    "AlterField": "migrations.AlterField('Ware', 'name', models.IntegerField())",
    "RunSQL": "migrations.RunSQL('TRUNCATE wares_ware', 'SELECT 1')",
    "RunPython": "migrations.RunPython(empty, migrations.RunPython.noop)",
}


@pytest.fixture
def migrate(open_alias: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Migrate]:
    """Give a function that migrates an app to its second migration, of the operations given."""
    folder = tmp_path / "wares" / "migrations"
    folder.mkdir(parents=True)
    for file in (folder / "__init__.py", tmp_path / "wares" / "__init__.py"):
        file.touch()
    (folder / "0001_initial.py").write_text(INITIAL)
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(INSTALLED_APPS=["backstop.django", "wares"]):
        open_alias(MODE="monitor")
        call_command("migrate", "wares", verbosity=0)

        def run(*operations: str, atomic: bool = True, **values: Any) -> None:
            text = SECOND.format(operations=", ".join(operations), atomic=atomic)
            (folder / "0002_second.py").write_text(text)
            importlib.invalidate_caches()
            connection.close()
            open_alias(**values)
            call_command("migrate", "wares", verbosity=0)

        yield run
    for name in [one for one in sys.modules if one.partition(".")[0] == "wares"]:
        del sys.modules[name]


def wares() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM wares_ware ORDER BY id")
        return [[column.name for column in cursor.description], *cursor.fetchall()]


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("name", DESTRUCTIVE)
def test_what_a_migration_destroys_comes_back(
    migrate: Migrate, store: str, dsn: str, name: str, atomic: bool
) -> None:
    before = wares()
    migrate(DESTRUCTIVE[name], atomic=atomic)
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.actor, snapshot.fate.value) == ("manage.py migrate", "committed")
    manifest = backstop.snapshots.show(snapshot.id, store).manifest
    assert manifest.context == {"migration": "wares.0002_second"}
    connection.close()
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert wares() == before


@pytest.mark.parametrize("name", DESTRUCTIVE)
def test_block_names_the_migration_and_the_way_to_allow_it(
    migrate: Migrate, store: str, name: str
) -> None:
    before = wares()
    with pytest.raises(PermissionError) as stopped:
        migrate(DESTRUCTIVE[name], MODE="block")
    message = str(stopped.value)
    assert message.startswith("Migration wares.0002_second stopped: ")
    assert 'backstop.django.operations.Allow(reason="…")' in message
    assert type(stopped.value) is backstop.StatementBlocked
    assert stopped.value.result.level >= backstop.RiskLevel.IMPACT_CRITICAL
    assert wares() == before
    assert backstop.snapshots.list(store) == []


@pytest.mark.parametrize("name", DESTRUCTIVE)
def test_an_allowed_migration_is_saved_and_runs(migrate: Migrate, store: str, name: str) -> None:
    before = wares()
    migrate("Allow(reason='ticket 4711')", DESTRUCTIVE[name], MODE="block")
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.snapshots.show(snapshot.id, store).manifest.allowed == "ticket 4711"
    if name != "DeleteModel":
        assert wares() != before


def test_an_allowed_migration_is_allowed_backwards(migrate: Migrate, store: str) -> None:
    added = "migrations.AddField('Ware', 'more', models.TextField(default='x'))"
    # The marker comes last when the operations run backwards.
    migrate("Allow(reason='ticket 4711')", added, MODE="block")
    call_command("migrate", "wares", "0001", verbosity=0)
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.snapshots.show(snapshot.id, store).manifest.allowed == "ticket 4711"


def test_the_plan_shows_the_reason(migrate: Migrate) -> None:
    migrate("Allow(reason='ticket 4711')")
    call_command("migrate", "wares", "0001", verbosity=0)
    said = io.StringIO()
    call_command("migrate", "wares", plan=True, stdout=said)
    assert "Allow what this migration destroys: ticket 4711" in said.getvalue()


def test_the_marker_can_be_written_and_needs_a_reason() -> None:
    text, imports = OperationWriter(Allow(reason="ticket 4711"), indentation=0).serialize()
    assert "backstop.django.operations.Allow(\n    reason='ticket 4711',\n)" in text
    assert imports == {"import backstop.django.operations"}
    with pytest.raises(backstop.ConfigurationError, match="reason is empty"):
        Allow(reason=" ")
