"""What the sessions of all drivers that stand on libpq have in common."""

from __future__ import annotations

from math import ceil

from backstop.errors import ConnectionFailed

MARK = "/* backstop */ "
"""What our statements begin with: the server's log and pg_stat_activity show whose they are."""

# libpq takes 1 for 2, and 0 for no limit at all.
_LEAST_TIMEOUT = 2


def timeout(seconds: float) -> int:
    """Return a limit of time as libpq's ``connect_timeout`` takes it."""
    return max(_LEAST_TIMEOUT, ceil(seconds))


def not_accepted(error: Exception) -> ConnectionFailed:
    """Return why a DSN led to no connection, without repeating it."""
    return ConnectionFailed(
        f"The database did not accept the connection of dsn: {_first_line(error)}. "
        "Check host, port, database, user and password."
    )


def malformed() -> ConnectionFailed:
    """Return that a DSN can't be read; libpq's own message repeats parts of it."""
    return ConnectionFailed(
        "dsn is malformed: give postgresql://user@host:port/database "
        "or key=value pairs such as host=… dbname=…."
    )


def no_second(error: Exception) -> ConnectionFailed:
    """Return why there is no second connection beside one that is open."""
    return ConnectionFailed(
        f"The database did not accept a second connection: {_first_line(error)}."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
