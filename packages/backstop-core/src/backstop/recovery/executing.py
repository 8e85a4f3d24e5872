"""Running statements on one object of a restore: refused, they stop it, or are told of."""

from __future__ import annotations

from collections.abc import Sequence

from backstop.errors import RestoreFailed, describe
from backstop.postgres.objects import CatalogObject
from backstop.postgres.transaction.savepoints import released
from backstop.session import Session


def execute(session: Session, statements: Sequence[str]) -> None:
    """Run statements together; an error undoes them."""
    if statements:
        with released(session, "backstop_object"):
            session.execute("; ".join(statements))


def run(session: Session, item: CatalogObject, statements: Sequence[str]) -> None:
    """Run statements on an object; raises RestoreFailed when one is refused."""
    try:
        execute(session, statements)
    except Exception as error:
        raise failure(item, error) from error


def tried(session: Session, item: CatalogObject, statements: Sequence[str]) -> list[str]:
    """Run statements that may be refused, and say so in a sentence."""
    try:
        execute(session, statements)
    except Exception as error:
        return [_refused(item, error)]
    return []


def failure(item: CatalogObject, error: Exception) -> RestoreFailed:
    """Return the error that stops a restore."""
    return RestoreFailed(f"{_refused(item, error)} Nothing was changed.")


def _refused(item: CatalogObject, error: Exception) -> str:
    return f"The {item.identity} could not be put back: {describe(error)}."
