"""A real PostgreSQL for the tests, and a fresh database for each test that asks for one.

The server is the one that ``--test-dsn`` or ``BACKSTOP_TEST_DSN`` names (a superuser's DSN), else
an embedded one, started once for the whole run, in memory where there is enough of it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Protocol
from urllib.parse import quote, urlencode

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

from backstop.embedded import EmbeddedServer, find_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg2.extensions import connection as Connection  # noqa: N812

    Connect = Callable[..., Connection]

_numbers = itertools.count(1)

_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 4 << 30
# What is written is soon forgotten, and shall not pile up in memory.
_IN_MEMORY = {"max_wal_size": "256MB"}


class Server(Protocol):
    """What tests may ask of the server, whoever started it."""

    @property
    def version(self) -> str:
        """The server's version, such as ``15.18``."""

    @property
    def log_path(self) -> Path | None:
        """The server's log; None where it is not ours to read."""

    def dsn(self, database: str = "postgres") -> str:
        """Give the connection string of one of its databases, as a URL."""


class ExternalServer:
    """A server that somebody else started; the tests leave it as they found it."""

    log_path = None

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            self.version = str(connection.get_parameter_status("server_version")).split()[0]

    def dsn(self, database: str = "postgres") -> str:
        """Give the connection string of one of its databases, as a URL."""
        return url_of(self._dsn, database)


def url_of(dsn: str, database: str) -> str:
    """Rewrite a DSN of either form as a URL of another database on the same server."""
    parts = parse_dsn(dsn)
    parts.pop("dbname", None)
    login = quote(parts.pop("user", "postgres"), safe="")
    if "password" in parts:
        login += ":" + quote(parts.pop("password"), safe="")
    # As parameters, host and port may also be a socket's folder or a list.
    parameters = f"?{urlencode(parts, quote_via=quote)}" if parts else ""
    return f"postgresql://{login}@/{quote(database, safe='')}{parameters}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names a server."""
    parser.addoption(
        "--test-dsn",
        metavar="DSN",
        default=os.environ.get("BACKSTOP_TEST_DSN"),
        help="superuser's DSN of the PostgreSQL to test on "
        "(variable BACKSTOP_TEST_DSN; default: an embedded server)",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Say which PostgreSQL the tests run on."""
    dsn = config.getoption("--test-dsn")
    if dsn:
        try:
            return f"PostgreSQL: {ExternalServer(dsn).version} (named by --test-dsn)"
        except psycopg2.OperationalError as error:
            return f"PostgreSQL: the one that --test-dsn names does not answer: {error}".strip()
    binaries = find_binaries()
    if binaries is None:
        return "PostgreSQL: none found"
    return f"PostgreSQL: {binaries.version} (embedded, {binaries.origin}: {binaries.folder})"


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Start or find the PostgreSQL server of this run."""
    dsn = request.config.getoption("--test-dsn")
    if dsn:
        yield ExternalServer(dsn)
    else:
        with embedded_server() as server:
            yield server


def embedded_server(settings: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Give an embedded server, whose databases are files in memory wherever that is possible.

    To make and drop the files of a database, as each test does, takes a disk several times as long.
    """
    if not has_memory():
        return EmbeddedServer(settings=settings)
    return EmbeddedServer(settings={**_IN_MEMORY, **(settings or {})}, within=_MEMORY)


def has_memory() -> bool:
    """Tell whether servers can be kept in memory: there, large enough, and able to run programs."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return False
    # For root, the server's programs may have to be copied beside its data.
    runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(_MEMORY).free >= _MEMORY_NEEDED


@pytest.fixture(scope="session")
def postgres_maintenance(postgres_server: Server) -> Iterator[Connection]:
    """Connect as superuser, in autocommit, to create and drop databases."""
    with contextlib.closing(psycopg2.connect(postgres_server.dsn())) as connection:
        connection.autocommit = True
        yield connection


@contextlib.contextmanager
def fresh_database(
    server: Server, maintenance: Connection, template: str = "template0", owner: str | None = None
) -> Iterator[str]:
    """Give the DSN (a URL) of a fresh database, as the template is: empty, unless one is named.

    It is dropped at the end. Nobody may be connected to the template meanwhile.
    """
    name = f"backstop_test_{os.getpid()}_{next(_numbers)}"
    # Twice as fast for an empty database as writing it to the log page by page, the default.
    strategy = "STRATEGY file_copy" if maintenance.server_version >= 150000 else ""
    with maintenance.cursor() as cursor:
        owned = f"OWNER {owner}" if owner else ""
        cursor.execute(f"CREATE DATABASE {name} {owned} TEMPLATE {template} {strategy}")
        try:
            yield server.dsn(name)
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def filled_database(server: Server, maintenance: Connection, script: Path) -> Iterator[Connection]:
    """Give a connection to a database that a script has filled, dropped at the end."""
    with (
        fresh_database(server, maintenance) as dsn,
        contextlib.closing(psycopg2.connect(dsn)) as connection,
    ):
        connection.cursor().execute(script.read_text(encoding="utf-8"))
        connection.commit()
        yield connection


@pytest.fixture
def dsn(postgres_server: Server, postgres_maintenance: Connection) -> Iterator[str]:
    """Give the DSN (a URL) of a fresh, empty database, dropped after the test."""
    with fresh_database(postgres_server, postgres_maintenance) as fresh:
        yield fresh


@pytest.fixture
def connect(dsn: str) -> Iterator[Connect]:
    """Give a function that connects to the test's database, or to another; closes at the end.

    Arguments are those of `psycopg2.connect`; ``connect(user="reader")`` comes as another role.
    """
    with contextlib.ExitStack() as opened:

        def open_connection(other: str | None = None, **arguments: Any) -> Connection:
            connection: Connection = psycopg2.connect(other or dsn, **arguments)
            return opened.enter_context(contextlib.closing(connection))

        yield open_connection
