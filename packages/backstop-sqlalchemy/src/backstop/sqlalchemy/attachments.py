"""Which way the connections of a driver come under guard, by what SQLAlchemy calls the driver."""

from __future__ import annotations

from typing import Any, Protocol

from backstop.guarding import Guard


class Attachment(Protocol):
    """Puts the connections of a pool under a guard that all of them share."""

    def take(self, connection: Any) -> Any:
        """Put a connection under guard, and return what stands for it from now on."""

    def release(self, connection: Any) -> None:
        """Let whatever goes by a connection pass from now on."""


def attachment_for(driver: str, guard: Guard) -> Attachment:
    """Return what guards the connections of a driver.

    Raises MissingDistribution for a driver that isn't installed.
    """
    if driver == "psycopg2":
        from backstop.psycopg2.attaching import Attachment as ByPsycopg2

        return ByPsycopg2(guard)
    from backstop.psycopg.attaching import Attachment as ByPsycopg

    return ByPsycopg(guard)
