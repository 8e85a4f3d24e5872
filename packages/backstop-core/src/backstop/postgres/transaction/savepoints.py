"""Savepoints and settings of Backstop's own inside the application's transaction.

Locks taken inside a savepoint survive its RELEASE and are lost by ROLLBACK TO; SET LOCAL
survives RELEASE and is undone by ROLLBACK TO. Everything here follows from these two rules.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from backstop.postgres import query, quoting
from backstop.session import Session, TransactionStatus

READ_ONLY = "25006"
"""The SQLSTATE of what writes where nothing may be written."""
_NO_TRANSACTION = "25P01"

# Values are written and read back under these, whatever the application has chosen.
PINNED: Mapping[str, str] = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "lc_monetary": "C",
    "search_path": "",
    "xmloption": "content",
}


# Compiling a query of the catalogs takes many times as long as running it.
UNCOMPILED: Mapping[str, str] = {"jit": "off"}


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """Run the block in a transaction of our own, committed at its end, rolled back by an error."""
    explicit = session.autocommit
    if explicit:
        session.execute("BEGIN")
    try:
        yield
    except BaseException:
        # After a lost connection there is nothing left to roll back.
        with contextlib.suppress(Exception):
            session.execute("ROLLBACK") if explicit else session.rollback()
        raise
    session.execute("COMMIT") if explicit else session.commit()


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    """Run the block in a transaction of our own that leaves nothing behind."""
    explicit = session.autocommit
    if explicit:
        session.execute("BEGIN")
    try:
        yield
    finally:
        # After a lost connection the server has rolled back.
        with contextlib.suppress(Exception):
            session.execute("ROLLBACK") if explicit else session.rollback()


@contextmanager
def released(session: Session, name: str) -> Iterator[None]:
    """Keep what the block does; an error undoes it and leaves the transaction usable."""
    session.execute(f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        _undo(session, name)
        raise
    session.execute(f"RELEASE SAVEPOINT {name}")


@contextmanager
def undone(session: Session, name: str, first: str = "") -> Iterator[None]:
    """Undo whatever the block does, settings included; locks taken before it stay.

    ``first`` is a statement that is sent along, to save its way to the server.
    """
    try:
        # What is sent along may fail alone, as by the application's statement_timeout.
        session.execute("; ".join(filter(None, (f"SAVEPOINT {name}", first))))
        yield
    finally:
        _undo(session, name)


@contextmanager
def untouched(session: Session, *, patient: bool = False) -> Iterator[None]:
    """Let the block only read, and leave nothing of it.

    A ``patient`` one has ten seconds for each question, whatever the application's
    ``statement_timeout``: it is for those of the catalog, which decide, and that are small.
    Where the driver begins a transaction with the first statement, it stays begun: the
    application's statement comes next. Ending it would make named cursors invalid.
    """
    patience = {"statement_timeout": "10s"} if patient else {}
    read_only = settings_change({"transaction_read_only": "on", **UNCOMPILED, **patience})
    if not (session.autocommit and session.status() is TransactionStatus.IDLE):
        with ExitStack() as reading:
            try:
                reading.enter_context(undone(session, "backstop_reading", read_only))
            except Exception as error:
                if session.sqlstate(error) != _NO_TRANSACTION:
                    raise
                # The application's text has ended the one that the driver had begun.
            else:
                yield
                return
    session.execute(f"BEGIN; {read_only}")
    try:
        yield
    finally:
        session.execute("ROLLBACK")


@contextmanager
def changed_settings(session: Session, values: Mapping[str, str]) -> Iterator[None]:
    """Set parameters for the block; after an error the savepoint around puts them back."""
    before = current_settings(session, list(values))
    change_settings(session, values)
    yield
    change_settings(session, before)


def change_settings(session: Session, values: Mapping[str, str]) -> None:
    """Set parameters until the end of the transaction or of the savepoint around."""
    session.execute(settings_change(values))


def settings_change(values: Mapping[str, str]) -> str:
    """Return the statement that sets parameters until the end of the transaction or savepoint."""
    calls = ", ".join(
        f"pg_catalog.set_config({quoting.literal(name)}, {quoting.literal(value)}, true)"
        for name, value in values.items()
    )
    return f"SELECT {calls}"


def current_settings(session: Session, names: list[str]) -> dict[str, str]:
    """Return the values that the parameters have now."""
    found = query.rows(
        session,
        "SELECT name, pg_catalog.current_setting(name) AS value "
        f"FROM pg_catalog.unnest({quoting.text_array(names)}) AS name",
    )
    return {setting["name"]: setting["value"] for setting in found}


def is_read_only(session: Session) -> bool:
    """Whether the transaction in hand may not write, by itself or as the server is a replica."""
    return current_settings(session, ["transaction_read_only"])["transaction_read_only"] == "on"


def milliseconds(seconds: float | None) -> str:
    """Write a timeout as PostgreSQL takes it; None switches it off."""
    return "0" if seconds is None else f"{max(1, round(seconds * 1000))}ms"


def _undo(session: Session, name: str) -> None:
    session.execute(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")
