"""Core's session on a psycopg 3 connection keeps the promises of every session."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import rows

from backstop.drivers import session_for
from backstop.drivers.psycopg import PsycopgSession
from backstop.embedded import EmbeddedServer, find_binaries
from backstop.errors import ConnectionFailed
from backstop.session import TransactionStatus, beside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstop.session import Session


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn) as opened:
        yield opened


@pytest.fixture
def session(connection: psycopg.Connection[Any]) -> Session:
    return session_for(connection)


def test_it_tells_the_transactions_state(
    connection: psycopg.Connection[Any], session: Session
) -> None:
    assert (session.status(), session.autocommit) == (TransactionStatus.IDLE, False)
    session.rollback()
    assert session.execute("SELECT 1; SELECT 1 UNION SELECT 2") == 2
    assert session.status() is TransactionStatus.IN_TRANSACTION
    with pytest.raises(psycopg.Error) as raised:
        session.execute("SELECT 1 / 0")
    assert session.sqlstate(raised.value) == "22012"
    assert session.sqlstate(ValueError()) is None
    assert session.status() is TransactionStatus.FAILED
    session.rollback()
    session.execute("CREATE TABLE kept ()")
    session.commit()
    assert session.status() is TransactionStatus.IDLE
    connection.autocommit = True
    assert session.autocommit
    session.execute("SET standard_conforming_strings = off")
    assert not session.standard_strings
    session.close()
    assert session.status() is TransactionStatus.UNUSABLE
    assert session.standard_strings


def test_what_the_application_chose_changes_nothing(connection: psycopg.Connection[Any]) -> None:
    class Refusing(psycopg.Cursor[Any]):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise AssertionError

    class Upper(psycopg.adapt.Loader):
        def load(self, data: Any) -> str:
            return bytes(data).decode().upper()

    connection.row_factory = rows.dict_row
    connection.cursor_factory = Refusing
    connection.adapters.register_loader("text", Upper)
    heard: list[Any] = []
    connection.add_notice_handler(heard.append)
    session = session_for(connection)
    assert session.fetch("SELECT 'ä'::text, NULL::text") == [("ä", None)]
    assert session.fetch("SAVEPOINT a; SELECT 'last'::text") == [("last",)]
    session.execute("DO $$BEGIN RAISE NOTICE 'ours'; END$$")
    assert heard == []


def test_copies_both_ways(session: Session) -> None:
    session.execute("CREATE TABLE numbers (number int)")
    text = b"".join(b"%d\n" % number for number in range(100_000))
    assert session.copy_in("COPY numbers FROM STDIN", io.BytesIO(text)) == 100_000
    for form, given in (("text", text), ("binary", None)):
        sink = io.BytesIO()
        copied = session.copy_out(f"COPY numbers TO STDOUT (FORMAT {form})", sink)
        assert copied == 100_000
        assert given is None or sink.getvalue() == given
    sink.seek(0)
    assert session.copy_in("COPY numbers FROM STDIN (FORMAT binary)", sink) == 100_000


def test_what_breaks_a_copy_is_raised_and_leaves_the_connection_usable(session: Session) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise LookupError

        def write(self, data: bytes, /) -> None:
            raise LookupError

    session.execute("CREATE TABLE numbers (number int)")
    session.commit()
    with pytest.raises(LookupError):
        session.copy_in("COPY numbers FROM STDIN", Broken())
    session.rollback()
    with pytest.raises(LookupError):
        session.copy_out("COPY (SELECT generate_series(1, 1000000)) TO STDOUT", Broken())
    session.rollback()
    assert session.fetch("SELECT 'usable'::text") == [("usable",)]


def test_a_second_connection_is_of_the_same_login(session: Session, dsn: str) -> None:
    asked = "SELECT current_database()::text, current_user::text"
    with beside(session, 5) as second:
        assert second.autocommit
        assert second.fetch(asked) == session.fetch(asked)
    with beside(session, 5, "postgres") as other:
        assert other.fetch("SELECT current_database()::text") == [("postgres",)]
    with pytest.raises(ConnectionFailed, match="does not exist"), beside(session, 5, "nowhere"):
        pass


def test_a_second_connection_knows_the_password() -> None:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL to start with passwords")
    secret = "p@ss/w:rd 'x\\y"
    with EmbeddedServer(password=secret) as server, psycopg.connect(server.dsn()) as connection:
        with beside(session_for(connection), 5) as second:
            assert second.fetch("SELECT current_setting('application_name')") == [("backstop",)]
        connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'another'")
        connection.commit()
        with pytest.raises(ConnectionFailed) as raised, beside(session_for(connection), 5):
            pass
    assert secret not in str(raised.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://user:s3cr3t@127.0.0.1:1/shop",
        "host=127.0.0.1 port=1 password=s3cr3t nonsense=s3cr3t",
        "password=s3cr3t host",
    ],
)
def test_no_secret_stands_in_an_error(dsn: str) -> None:
    with pytest.raises(ConnectionFailed) as raised, contextlib.closing(PsycopgSession.open(dsn)):
        pass
    assert "s3cr3t" not in str(raised.value)
    assert raised.value.__cause__ is None
