"""``backstop snapshots show``: everything that is known of one snapshot, but its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.filesize import decimal

import backstop
from backstop.cli._console import (
    level_text,
    print_facts,
    print_json,
    print_list,
    results,
    table,
)
from backstop.cli._options import (
    identity_option,
    json_option,
    snapshot_argument,
    storage_option,
)
from backstop.cli.listing import what_became
from backstop.encryption import no_key
from backstop.postgres.objects import STAGES, in_dependency_order
from backstop.snapshots import Manifest, Snapshot


@click.command()
@snapshot_argument
@storage_option()
@click.option("--sql", is_flag=True, help="Print the DDL that recreates the objects, and no more.")
@identity_option
@json_option
def show(snapshot_id: str, storage: str, sql: bool, identity: str | None, as_json: bool) -> None:
    """Show what a snapshot holds, and what it does not cover.

    ID may be any beginning that only one snapshot has.
    """
    if sql and as_json:
        raise click.UsageError("--sql and --json exclude each other; --json holds the DDL, too.")
    snapshot = backstop.snapshots.show(snapshot_id, storage, identity=identity)
    if sql and snapshot.manifest.sealed:
        raise no_key(f"Snapshot {snapshot.manifest.id}")
    if as_json:
        print_json(_document(snapshot))
    elif sql:
        for statement in _ddl(snapshot.manifest):
            click.echo(f"{statement};")
    else:
        _print(snapshot)


def _ddl(manifest: Manifest) -> Iterator[str]:
    ordered = in_dependency_order(manifest.objects)
    for item in sorted(ordered, key=lambda item: STAGES.index(item.stage)):
        yield from item.ddl


def _document(snapshot: Snapshot) -> dict[str, object]:
    manifest, outcome = snapshot.manifest, snapshot.outcome
    return {
        "id": manifest.id,
        "created_at": manifest.created_at,
        "version": manifest.version,
        "actor": manifest.actor,
        "mode": manifest.mode,
        "context": dict(manifest.context),
        "allowed": manifest.allowed,
        "operation": manifest.statement.operation,
        "level": manifest.statement.level,
        "reason": manifest.statement.reason,
        "statement": manifest.statement.text,
        "database": asdict(manifest.database),
        "transaction_id": manifest.transaction_id,
        "isolation": manifest.isolation,
        "encrypted_to": list(manifest.encrypted_to),
        "consistency": (outcome.consistency or manifest.consistency).value,
        "status": outcome.status.value,
        "fate": snapshot.fate.value,
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "rows_touched": outcome.rows,
        "tables": [
            {
                "table": saved.label,
                "schema": saved.schema,
                "name": saved.name,
                "rows": saved.rows,
                "bytes": saved.bytes,
                "operations": list(saved.operations),
                "whole": saved.whole,
                "key": list(saved.key),
                "columns": [asdict(column) for column in saved.columns],
            }
            for saved in manifest.tables
        ],
        "large_objects": _large_objects(manifest),
        "objects": [asdict(item) for item in manifest.objects],
        "sequences": [asdict(sequence) for sequence in manifest.sequences],
        "not_covered": _not_covered(snapshot),
    }


def _large_objects(manifest: Manifest) -> dict[str, object]:
    saved = manifest.large_objects
    if saved is None:
        return {"oids": [], "bytes": 0}
    return {"oids": list(saved.oids), "bytes": saved.bytes}


def _not_covered(snapshot: Snapshot) -> list[str]:
    return list(dict.fromkeys(snapshot.manifest.not_covered + snapshot.outcome.not_covered))


def _print(snapshot: Snapshot) -> None:
    manifest, outcome = snapshot.manifest, snapshot.outcome
    console = results()
    print_facts(
        console,
        [
            ("snapshot", manifest.id),
            ("created", manifest.created_at),
            ("actor", manifest.actor),
            ("context", ", ".join(f"{name}={value}" for name, value in manifest.context.items())),
            ("allowed", manifest.allowed),
            ("mode", manifest.mode),
            ("database", f"{manifest.database.name} (as {manifest.database.user})"),
            ("statement", manifest.statement.text),
            ("level", level_text(manifest.statement.level)),
            ("reason", manifest.statement.reason),
            ("encrypted to", ", ".join(manifest.encrypted_to) or None),
            ("outcome", what_became(outcome.status, snapshot.fate)),
            ("consistency", (outcome.consistency or manifest.consistency).value),
        ],
    )
    if manifest.tables:
        console.print()
        console.print(
            table(
                ("rows of", "rows", "size", "statement does", "saved"),
                [
                    (
                        saved.label,
                        f"{saved.rows:,}",
                        decimal(saved.bytes),
                        ", ".join(saved.operations),
                        "the whole table" if saved.whole else "the rows that it finds",
                    )
                    for saved in manifest.tables
                ],
                right=("rows", "size"),
            )
        )
    if (contents := manifest.large_objects) is not None:
        console.print()
        console.print(f"large objects: {len(contents.oids):,}, {decimal(contents.bytes)}")
    if manifest.objects:
        console.print()
        print_list(
            console,
            f"{len(manifest.objects)} objects, whose DDL --sql shows",
            (item.identity for item in manifest.objects),
        )
    if not_covered := _not_covered(snapshot):
        console.print()
        print_list(console, "Not covered by this snapshot", not_covered, style="yellow")
