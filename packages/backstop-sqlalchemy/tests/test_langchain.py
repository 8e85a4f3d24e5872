"""LangChain's SQLDatabase on a guarded engine, as its documentation shows it.

Skipped where langchain-community isn't installed: it is large, and no version is for Python 3.9.
"""

from __future__ import annotations

from typing import Any

import pytest

import backstop

utilities = pytest.importorskip("langchain_community.utilities")

pytestmark = [
    pytest.mark.usefixtures("orders"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def test_it_looks_and_asks_as_ever(protected: Any) -> None:
    database = utilities.SQLDatabase(protected(mode="block"))
    assert database.get_usable_table_names() == ["orders"]
    assert "CREATE TABLE orders" in database.get_table_info()
    assert database.run("SELECT count(*) FROM orders") == "[(7,)]"
    assert "Error" in database.run_no_throw("SELECT nothing FROM nowhere")


@pytest.mark.parametrize("method", ["run", "run_no_throw"])
def test_what_destroys_is_refused(protected: Any, method: str) -> None:
    database = utilities.SQLDatabase(protected(mode="block"))
    with pytest.raises(backstop.StatementBlocked):
        getattr(database, method)("DELETE FROM orders")
    assert database.run("SELECT count(*) FROM orders") == "[(7,)]"


def test_what_destroys_is_saved(protected: Any, store: str, dsn: str) -> None:
    database = utilities.SQLDatabase(protected())
    database.run("DROP TABLE orders")
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    assert database.run("SELECT sum(id) FROM orders") == "[(28,)]"
