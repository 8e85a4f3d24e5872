"""Manifests survive being written and read, and what can't be read is refused."""

from __future__ import annotations

import json

import pytest

from backstop.errors import AmbiguousSnapshot, SnapshotDamaged, SnapshotNotFound
from backstop.postgres.objects import CatalogObject
from backstop.postgres.sequences import Position
from backstop.snapshots import identifiers
from backstop.snapshots.documents import manifest_from_json, outcome_from_json, to_json
from backstop.snapshots.manifest import (
    Consistency,
    DatabaseInfo,
    Fate,
    Manifest,
    Outcome,
    SavedColumn,
    SavedTable,
    StatementInfo,
    Status,
    WrittenRows,
)
from backstop.snapshots.repository import Repository
from backstop.snapshots.stream import DataObject
from backstop.storage import open_storage


def manifest(snapshot_id=None, *, actor="agent", tables=("users",)):
    snapshot_id = snapshot_id or identifiers.new_id()
    return Manifest(
        id=snapshot_id,
        created_at=identifiers.created_at(snapshot_id).isoformat(),
        version="0.1.0",
        actor=actor,
        mode="protect",
        context={"request_id": "7"},
        allowed=None,
        statement=StatementInfo("DELETE", "CRITICAL", "DELETE has no WHERE.", "DELETE FROM users"),
        database=DatabaseInfo("shop", 5, "7", 150018, "app"),
        transaction_id="700",
        isolation="read committed",
        consistency=Consistency.EXACT,
        tables=tuple(
            SavedTable(
                oid=number,
                schema="public",
                name=name,
                operations=("DELETE",),
                whole=True,
                columns=(SavedColumn("id", "integer"),),
                key=("id",),
                assigned=(),
                rows=3,
                bytes=6,
                objects=(DataObject("data/x/1-0001.copy.zst", 20, "ab"),),
            )
            for number, name in enumerate(tables)
        ),
        sequences=(Position("public", "users_id_seq", 9, True),),
        objects=(CatalogObject("index", "index public.users_name", ("CREATE INDEX …",)),),
        not_covered=("The view v.",),
    )


@pytest.fixture
def repository(tmp_path):
    return Repository(open_storage((tmp_path / "store").as_uri()))


def test_a_manifest_is_read_as_it_was_written():
    written = manifest()
    assert manifest_from_json(to_json(written), "key") == written


def test_an_outcome_is_read_as_it_was_written():
    written = Outcome(
        Status.SUCCEEDED,
        3,
        Consistency.BEFORE,
        (WrittenRows(1, ("7", "8")),),
        ("a",),
        (Position("public", "numbers", 7, True),),
    )
    assert outcome_from_json(to_json(written), "key") == written


def test_fields_of_a_later_version_are_passed_over():
    document = json.loads(to_json(manifest("0000000000abcd")))
    document["later"] = 1
    document["tables"][0]["later"] = 1
    read = manifest_from_json(json.dumps(document).encode(), "key")
    assert read == manifest("0000000000abcd")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff", b"null"])
def test_what_is_no_manifest_is_damaged(data):
    with pytest.raises(SnapshotDamaged, match="some-key"):
        manifest_from_json(data, "some-key")


def test_another_format_is_refused_by_name():
    with pytest.raises(SnapshotDamaged, match="has format 2"):
        manifest_from_json(b'{"format": 2}', "key")


def test_a_listing_reads_no_object(repository, monkeypatch):
    saved = manifest(actor="gpt-4 / “agent”", tables=("users", "Großes, Haus"))
    repository.save(saved)
    repository.save_outcome(saved.id, Outcome(Status.SUCCEEDED, 3))
    repository.save_fate(saved.id, Fate.ROLLED_BACK)
    monkeypatch.setattr(repository.storage, "read", None)
    (summary,) = repository.summaries()
    assert summary.tables == ("public.users", "public.Großes, Haus")
    assert (summary.actor, summary.rows, summary.bytes) == ("gpt-4 / “agent”", 6, 12)
    assert (summary.status, summary.fate) == (Status.SUCCEEDED, Fate.ROLLED_BACK)
    assert summary.created_at == identifiers.created_at(saved.id)


def test_what_is_too_long_for_a_key_is_listed_in_full(repository):
    names = tuple(f"table_{number}" for number in range(200))
    repository.save(manifest(actor="a" * 500, tables=names))
    (summary,) = repository.summaries()
    assert summary.actor == "a" * 500
    assert len(summary.tables) == 200


def test_a_snapshot_is_found_by_any_unambiguous_beginning(repository):
    repository.save(manifest("1k0wd0aaaaaaaa"))
    repository.save(manifest("1k0wd0bbbbbbbb"))
    assert repository.find("1k0wd0a") == "1k0wd0aaaaaaaa"
    with pytest.raises(AmbiguousSnapshot, match="1k0wd0aaaaaaaa, 1k0wd0bbbbbbbb"):
        repository.find("1k0")
    for missing in ("2", "1k0wd0c", "", "nothing!", "../x"):
        with pytest.raises(SnapshotNotFound):
            repository.find(missing)


def test_a_manifest_that_was_changed_is_not_believed(repository, tmp_path):
    saved = manifest()
    repository.save(saved)
    (path,) = (tmp_path / "store" / "manifests").rglob("*.json")
    path.write_bytes(path.read_bytes().replace(b'"rows": 3', b'"rows": 4'))
    with pytest.raises(SnapshotDamaged, match="is damaged"):
        repository.load(saved.id)


def test_without_outcome_and_fate_both_are_unknown(repository):
    saved = manifest()
    repository.save(saved)
    snapshot = repository.load(saved.id)
    assert (snapshot.outcome.status, snapshot.fate) == (Status.UNKNOWN, Fate.UNKNOWN)


def test_what_has_no_manifest_is_listed_by_nobody_and_found_for_pruning(repository):
    repository.storage.put("data/1k0wd0aaaaaaaa/1-0001.copy.zst", b"x")
    assert repository.summaries() == []
    assert repository.leftovers() == ["1k0wd0aaaaaaaa"]
    repository.discard("1k0wd0aaaaaaaa")
    assert repository.leftovers() == []
