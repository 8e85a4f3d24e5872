"""``backstop check``: whether storage and the database let Backstop do its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import click
from rich.text import Text

from backstop.cli._console import print_json, print_list, results, table
from backstop.cli._exits import Exit, exit_for
from backstop.cli._options import dsn_option, json_option, storage_option
from backstop.drivers import connect
from backstop.errors import describe
from backstop.postgres import rights
from backstop.postgres.transactions import transaction
from backstop.session import Session
from backstop.storage import Storage, open_storage


class State(str, Enum):
    """What one check found."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}


@dataclass
class Findings:
    """What all checks found, as it is printed; ``exit`` is that of the first failure."""

    checks: list[tuple[str, State, str]] = field(default_factory=list)
    database: dict[str, object] | None = None
    storage: dict[str, object] | None = None
    lists: dict[str, list[str]] = field(default_factory=dict)
    exit: Exit = Exit.DONE

    def add(self, name: str, state: State, detail: str) -> None:
        """Add the answer of one check."""
        self.checks.append((name, state, detail))

    def attempt(self, name: str, checks: Callable[[], None]) -> None:
        """Run checks; one that fails says so, and the next is still looked at."""
        try:
            checks()
        except Exception as error:
            self.add(name, State.FAILED, describe(error))
            self.exit = self.exit or exit_for(error)


@click.command()
@storage_option(required=False)
@dsn_option(required=False)
@json_option
def check(storage: str | None, dsn: str | None, as_json: bool) -> Exit:
    """Check that storage takes snapshots, and that the database's role can have them taken.

    Writes one small object to storage and deletes it; changes nothing in the database. Exits
    with 3 when there are tables that the role can change and Backstop could not save.
    """
    if not (storage or dsn):
        raise click.UsageError("Give --storage (BACKSTOP_STORAGE), --dsn (BACKSTOP_DSN), or both.")
    findings = Findings()
    if storage:
        findings.attempt("storage", lambda: examine_storage(findings, open_storage(storage)))
    if dsn:
        findings.attempt("database", lambda: _examine_by_dsn(findings, dsn))
    if as_json:
        print_json(_document(findings))
    else:
        _print(findings)
    return findings.exit


def examine_storage(findings: Findings, storage: Storage) -> None:
    """Try out what storage lets us do."""
    answer = storage.check()
    findings.storage = {
        "url": storage.url,
        "writable": answer.writable,
        "readable": answer.readable,
        "deletable": answer.deletable,
    }
    findings.add("storage", State.OK, f"{storage.url} takes snapshots")
    if not answer.readable:
        findings.add("reading", State.WARNING, "refused: list, verify and restore won't work here")
    if not answer.deletable:
        findings.add("deleting", State.WARNING, "refused: prune won't work here (it may be meant)")


def _examine_by_dsn(findings: Findings, dsn: str) -> None:
    session = connect(dsn)
    try:
        examine_database(findings, session)
    finally:
        session.close()


def examine_database(findings: Findings, session: Session) -> None:
    """Ask what the role of an idle session may do."""
    with transaction(session):
        server = rights.identity(session)
        found = rights.tables(session)
    findings.database = {
        "version": server.version,
        "name": server.database,
        "user": server.user,
        "read_only": server.read_only,
        "tables": len(found),
    }
    findings.add(
        "database",
        State.OK,
        f"PostgreSQL {server.version}, database {server.database}, as {server.user}",
    )
    if server.read_only:
        findings.add("writing", State.WARNING, "the server takes no writes now: restore won't work")
    _judge_rights(findings, found)


def _judge_rights(findings: Findings, found: list[rights.TableRights]) -> None:
    lists = {
        "unreadable": [entry.table for entry in found if not entry.reads],
        "unlockable": [entry.table for entry in found if not entry.locks],
        "filtered": [entry.table for entry in found if entry.filtered],
        "not_owned": [entry.table for entry in found if not entry.owns],
        "unsavable": [entry.table for entry in found if entry.changes and not entry.savable],
    }
    findings.lists = lists
    if lists["unsavable"]:
        findings.add(
            "rights",
            State.FAILED,
            f"{len(lists['unsavable'])} of {len(found)} tables can be changed by the role, but not "
            "read whole and locked",
        )
        findings.exit = findings.exit or Exit.IN_PART
    else:
        findings.add(
            "rights",
            State.OK,
            f"whatever the role can change, Backstop can save ({len(found)} tables)",
        )
    if lists["filtered"]:
        findings.add(
            "row security",
            State.WARNING,
            f"{len(lists['filtered'])} tables may hide rows from the role; a snapshot that misses "
            "some of what a statement took says so",
        )
    if lists["not_owned"]:
        findings.add(
            "restoring",
            State.WARNING,
            f"the role doesn't own {len(lists['not_owned'])} of the tables: restore those as "
            "their owner",
        )


def _document(findings: Findings) -> dict[str, object]:
    database = findings.database and {**findings.database, **findings.lists}
    return {
        "ok": findings.exit is Exit.DONE,
        "checks": [
            {"check": name, "state": state.value, "detail": detail}
            for name, state, detail in findings.checks
        ],
        "storage": findings.storage,
        "database": database,
    }


def _print(findings: Findings) -> None:
    console = results()
    console.print(
        table(
            ("check", "state", "what was found"),
            [
                (name, Text(state.value, style=_STYLES[state]), detail)
                for name, state, detail in findings.checks
            ],
        )
    )
    print_list(
        console,
        "Tables that the role can change and Backstop can't save (GRANT SELECT, UPDATE on them)",
        findings.lists.get("unsavable", []),
        style="yellow",
    )
