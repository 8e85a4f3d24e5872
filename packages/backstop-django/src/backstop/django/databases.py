"""What there is to know of a connection of Django's before it is guarded: driver and purpose."""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper
from django.db.backends.base.creation import TEST_DATABASE_PREFIX

from backstop.drivers import WITH_SESSION

# The names that databases have in the settings, before a test run replaces them.
_names: dict[str, str] = {}


def remember_names() -> None:
    """Take note of the databases that the settings name; what is noted already stays."""
    for alias in connections:
        _names.setdefault(alias, str(connections.settings[alias].get("NAME") or ""))


def driver_of(connection: BaseDatabaseWrapper) -> str:
    """Return the name of the driver's package, such as ``psycopg2``."""
    module: str = getattr(getattr(connection, "Database", None), "__name__", connection.vendor)
    return module.partition(".")[0]


def has_session(connection: BaseDatabaseWrapper) -> bool:
    """Whether core has a session for the connection's driver, so that it can take snapshots."""
    return connection.vendor == "postgresql" and driver_of(connection) in WITH_SESSION


def is_guarded(connection: BaseDatabaseWrapper) -> bool:
    """Whether a connection's statements are judged: not in a test database, nor in making one."""
    # Django makes and drops test databases on a connection that has no database of its own.
    return connection.alias != NO_DB_ALIAS and not _is_test_database(connection)


def _is_test_database(connection: BaseDatabaseWrapper) -> bool:
    """Whether a test run has replaced the database's name, and by a name of tests'."""
    name = str(connection.settings_dict.get("NAME") or "")
    if name == _names.get(connection.alias, name):
        return False
    # A test mirror has the name of another alias; clones for parallel runs add a suffix.
    return any(
        name == prefix or name.startswith(f"{prefix}_")
        for alias in _names
        for prefix in _test_names(alias)
    )


def _test_names(alias: str) -> list[str]:
    chosen = connections.settings[alias].get("TEST", {}).get("NAME")
    if not chosen or chosen == ":memory:":
        return [TEST_DATABASE_PREFIX + _names[alias], "file:memorydb"]
    stem, dot, _ = str(chosen).rpartition(".")
    return [str(chosen), stem] if dot else [str(chosen)]
