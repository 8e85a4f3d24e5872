"""A second connection reaches the same database as the same role, and is Backstop's own."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import extensions, extras

import backstop
from backstop.drivers import session_for
from backstop.embedded import EmbeddedServer, find_binaries
from backstop.session import TransactionStatus, beside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backstop.session import Session

SECRET = "p@ss/w:rd 'x\\y"
WHO = "SELECT current_user::text, current_database()::text, current_setting('application_name')"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL to start with passwords")
    with EmbeddedServer(password=SECRET) as started:
        with contextlib.closing(psycopg2.connect(started.dsn())) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE DATABASE shop")
            for role, limit in (("clerk", -1), ("single", 1)):
                connection.cursor().execute(
                    f"CREATE ROLE {role} LOGIN CONNECTION LIMIT {limit} PASSWORD %s", (SECRET,)
                )
        yield started


@pytest.fixture
def arguments(server: EmbeddedServer) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "dbname": "shop",
        "user": "clerk",
        "password": SECRET,
    }


def connected(*dsn: str, **arguments: Any) -> contextlib.closing[Any]:
    return contextlib.closing(psycopg2.connect(*dsn, **arguments))


def parameters(session: Session) -> dict[str, str]:
    assert isinstance(session.connection, extensions.connection)
    return session.connection.info.dsn_parameters


def assert_the_same_place(connection: Any) -> None:
    with beside(session_for(connection), 5) as second:
        assert second.fetch(WHO) == [("clerk", "shop", "backstop")]
        assert second.fetch("SELECT pg_backend_pid()::text") != [
            (str(connection.info.backend_pid),)
        ]
        assert type(second.connection) is extensions.connection


def test_by_arguments(arguments: dict[str, Any]) -> None:
    with connected(**arguments, application_name="shop") as connection:
        assert_the_same_place(connection)


def test_by_a_url(server: EmbeddedServer) -> None:
    url = server.dsn("shop").replace("postgresql://postgres:", "postgresql://clerk:")
    with connected(url) as connection:
        assert_the_same_place(connection)


def test_by_a_unix_socket(server: EmbeddedServer, arguments: dict[str, Any]) -> None:
    if server.socket_folder is None:
        pytest.skip("the path of the socket would be too long")
    with connected(**{**arguments, "host": str(server.socket_folder)}) as connection:
        assert_the_same_place(connection)


def test_by_a_password_of_the_environment(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", arguments.pop("password"))
    with connected(**arguments) as connection:
        # Where the second one is opened, the variable may be gone.
        monkeypatch.delenv("PGPASSWORD")
        assert_the_same_place(connection)


def test_options_of_the_connection_hold(arguments: dict[str, Any]) -> None:
    with (
        connected(**arguments, options="-c work_mem=7MB") as connection,
        beside(session_for(connection), 5) as second,
    ):
        assert second.fetch("SELECT current_setting('work_mem')") == [("7MB",)]


@pytest.mark.parametrize("name", ["host", "hostaddr"])
def test_of_several_servers_it_reaches_the_one_in_hand(
    arguments: dict[str, Any], name: str
) -> None:
    port = arguments["port"]
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        del arguments["host"]
        arguments[name] = "127.0.0.1,127.0.0.1"
        arguments["port"] = f"{refusing.getsockname()[1]},{port}"
        with connected(**arguments) as connection:
            assert_the_same_place(connection)
            with beside(session_for(connection), 5) as second:
                assert parameters(second)["port"] == str(port)


class Counted(extensions.connection):
    """A connection class of the application's, which nothing of Backstop's own may go through."""

    made = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        type(self).made += 1
        super().__init__(*arguments, **options)

    def cursor(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a cursor of the application's was asked for")

    @property
    def info(self) -> Any:
        raise AssertionError("the application's own view was asked for")


def test_it_goes_round_factories_and_wrappers(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counted, "made", 0)
    factories = {"connection_factory": Counted, "cursor_factory": extras.RealDictCursor}
    with connected(**arguments, **factories) as connection:
        monkeypatch.setattr(psycopg2, "connect", None)
        monkeypatch.setattr(psycopg2, "_connect", None)
        with beside(session_for(connection), 5) as second:
            assert second.fetch(WHO) == [("clerk", "shop", "backstop")]
            assert type(second.connection) is extensions.connection
            assert second.connection.cursor_factory is None
    assert Counted.made == 1


def test_it_sees_what_is_committed_and_commits_by_itself(arguments: dict[str, Any]) -> None:
    with connected(**arguments) as connection:
        connection.cursor().execute("CREATE TEMP TABLE t (a int); SELECT 1")
        with beside(session_for(connection), 5) as second:
            assert second.autocommit
            assert second.fetch("SELECT to_regclass('t')::text") == [(None,)]
            assert second.status() is TransactionStatus.IDLE
        assert session_for(connection).status() is TransactionStatus.IN_TRANSACTION


def test_it_is_closed_whatever_happens(arguments: dict[str, Any]) -> None:
    kept: list[Session] = []

    def fail(session: Session) -> None:
        with beside(session, 5) as second:
            kept.append(second)
            raise ZeroDivisionError

    with connected(**arguments) as connection:
        with pytest.raises(ZeroDivisionError):
            fail(session_for(connection))
        assert kept[0].status() is TransactionStatus.UNUSABLE
        assert not connection.closed


def assert_refused(connection: Any, said: str) -> None:
    with (
        pytest.raises(backstop.ConnectionFailed, match=said) as raised,
        beside(session_for(connection), 2),
    ):
        pass
    shown = repr(raised.value)
    assert SECRET not in shown
    assert SECRET not in str(raised.value)
    assert "dbname" not in shown
    # The driver's error must not be shown with it by a traceback.
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_role_that_has_no_connection_left(arguments: dict[str, Any]) -> None:
    with connected(**{**arguments, "user": "single"}) as connection:
        assert_refused(connection, "second connection: .*too many connections for role")
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def test_a_password_that_has_changed(server: EmbeddedServer, arguments: dict[str, Any]) -> None:
    with connected(server.dsn()) as administrator, connected(**arguments) as connection:
        administrator.autocommit = True
        administrator.cursor().execute("ALTER ROLE clerk PASSWORD 'another'")
        try:
            assert_refused(connection, "second connection: .*password authentication failed")
        finally:
            administrator.cursor().execute("ALTER ROLE clerk PASSWORD %s", (SECRET,))


def test_beside_a_closed_connection(arguments: dict[str, Any]) -> None:
    with connected(**arguments) as connection:
        pass
    assert_refused(connection, "second connection: .*closed")


@pytest.mark.parametrize(("asked", "used"), [(0.1, "2"), (2, "2"), (2.1, "3"), (60, "60")])
def test_the_timeout_is_one_that_libpq_keeps(
    arguments: dict[str, Any], asked: float, used: str
) -> None:
    with (
        connected(**arguments, connect_timeout=30) as connection,
        beside(session_for(connection), asked) as second,
    ):
        assert parameters(second)["connect_timeout"] == used
