"""A plug-in for pytest: puts every engine under guard, and writes down what became of each test.

The environment says how: ``SUITE_MODE`` is ``monitor``, ``protect``, or ``-`` for no guard,
``SUITE_STORE`` the store, ``SUITE_RESULTS`` the file, a line of JSON for each test.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

_MODULES = {"psycopg_async": "psycopg"}


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """Guard engines from here on, where that is asked for."""
    # SQLAlchemy's own plug-in has to be the first that imports it.
    if os.environ["SUITE_MODE"] != "-":
        _guard_every_engine(os.environ["SUITE_MODE"], os.environ["SUITE_STORE"])


def _guard_every_engine(mode: str, store: str) -> None:
    import backstop

    base: Any = importlib.import_module("sqlalchemy.dialects.postgresql.base")
    plain = base.PGDialect.engine_created.__func__

    def engine_created(cls: Any, engine: Any) -> None:
        plain(cls, engine)
        if _is_real(engine.dialect):
            backstop.protect_engine(engine, store, "sqlalchemy-suite", mode)

    base.PGDialect.engine_created = classmethod(engine_created)


def _is_real(dialect: Any) -> bool:
    """Whether an engine has a driver, and no stand-in for one."""
    driver = getattr(dialect.dbapi, "driver", dialect.dbapi)
    name: str = vars(driver).get("__name__", "")
    return bool(name == _MODULES.get(dialect.driver, dialect.driver))


def pytest_runtest_logreport(report: Any) -> None:
    """Take in one part of a test: its set-up, its call, its end."""
    if report.when != "call" and report.passed:
        return
    said = str(report.longrepr or "").strip().splitlines()
    found = {"test": report.nodeid, "outcome": report.outcome, "why": said[-1] if said else ""}
    with Path(os.environ["SUITE_RESULTS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
