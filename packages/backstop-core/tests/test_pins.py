"""Questions about a text that its tokens answer: pinned columns, called names, moved names."""

from __future__ import annotations

import pytest

from backstop.syntax import ControlKind, RowChange, TransactionControl, changes, tokenize
from backstop.syntax.controls import controls
from backstop.syntax.pins import pinned_columns
from backstop.syntax.traits import (
    assigned_columns,
    called_names,
    leaves_transaction,
    locks_rows,
    looks_at_own_columns_only,
    moves_names,
    names_a_place,
    samples_rows,
)


@pytest.mark.parametrize(
    ("where", "columns"),
    [
        ("id = 1", {"id"}),
        ("ID = %s AND name = 'a'", {"id", "name"}),
        ('"Id" = $1', {"Id"}),
        ('"a""b" = 1', {'a"b'}),
        ("ÀB = 1", {"Àb"}),
        ('U&"a" = 1', {'U&"a"'}),
        ('t.id = 1 AND "T".b = 2', {"id", "b"}),
        ("id = 1 AND (a = 2 OR b = 3)", {"id"}),
        ("id = 1 AND a IN (1, 2) AND b = ANY(ARRAY[1 OR 2])", {"id"}),
        ("a[1] = 2 AND id = 3", {"id"}),
        ("a IN (1, 2) AND id = 3", {"id"}),
        ("id = 1 AND a = 2 OR b = 3", set()),
        ("NOT (a = 1 AND id = 2 AND b = 3)", set()),
        ("id = 1 OR a = 2", set()),
        ("id = 1 AND a BETWEEN 1 AND 2", set()),
        ("id = a", set()),
        ("id > 1", set()),
        ("1 = 1", set()),
        ("1 = id", set()),
        ("id = - 1", set()),
        ("id", set()),
        ("(id) = 1", set()),
        ("a + id = 1", set()),
        ("5 . id = 1", set()),
        ("id = 1 AND name = 'a", set()),
        ("", set()),
    ],
)
def test_a_column_set_equal_to_a_constant_is_pinned(where: str, columns: set[str]) -> None:
    assert pinned_columns(where) == columns


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ('SELECT Lower(a), x.f (b), lower(c), "G"(1)', ["G", "f", "lower"]),
        ("SELECT 'a' (1), (2), b", []),
    ],
)
def test_every_name_before_a_bracket_may_be_a_call(sql: str, names: list[str]) -> None:
    assert called_names(tokenize(sql)) == names


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        *((f"{column} = 1", True) for column in ("ctid", "xmin", "xmax", "cmin", "cmax")),
        ("t.TableOid = 1", True),
        ('"ctid" = 1', True),
        ("'ctid' = a", False),
        ("id = 1", False),
    ],
)
def test_a_system_column_names_a_place(sql: str, answer: bool) -> None:
    assert names_a_place(tokenize(sql)) is answer


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("DELETE FROM t WHERE dblink_exec('x') = 'y'", True),
        ("DELETE FROM t WHERE DBLINK ('x') = 'y'", True),
        ("SELECT lo_import('/tmp/x'); DELETE FROM t", True),
        ("COPY t FROM STDIN", True),
        ("DELETE FROM t; PREPARE p AS SELECT 1", True),
        ("DEALLOCATE p", True),
        ("SELECT lo_close(0)", True),
        ("SELECT lo_close(lo_open(5, 131072))", False),
        ("SELECT lowrite(0, 'x')", False),
        ("SELECT lowrite(lo_open(5, 131072), 'x')", False),
        ("SELECT lo_put(5, 0, 'x')", False),
        ("DELETE FROM t WHERE dblink = 1", False),
        ("DELETE FROM t WHERE a = 'copy dblink(1)'", False),
        ("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO PUBLIC", False),
        ("DELETE FROM copy", False),
    ],
)
def test_what_no_rollback_takes_back_is_known(sql: str, answer: bool) -> None:
    assert leaves_transaction(sql) is answer


@pytest.mark.parametrize(
    ("sql", "own", "locks", "samples"),
    [
        ("DELETE FROM t WHERE a > 1 AND (b = 'SELECT' OR c IN (1, 2))", True, False, False),
        ("DELETE FROM t USING u WHERE t.a = u.a", False, False, False),
        ("WITH w AS (SELECT 1) DELETE FROM t WHERE a = 1", False, False, False),
        ("DELETE FROM t WHERE a IN (TABLE u)", False, False, False),
        ("DELETE FROM t WHERE a IN (SELECT a FROM u FOR UPDATE)", False, True, False),
        (
            "DELETE FROM t WHERE a IN (SELECT a FROM t FOR NO KEY UPDATE SKIP LOCKED)",
            False,
            True,
            True,
        ),
        ("DELETE FROM t WHERE a IN (SELECT a FROM u TABLESAMPLE SYSTEM (1))", False, False, True),
        ("DELETE FROM t WHERE substring(a for 2) = 'x'", True, False, False),
    ],
)
def test_what_decides_which_rows_are_found_is_known(
    sql: str, own: bool, locks: bool, samples: bool
) -> None:
    (change,) = changes(sql)
    assert isinstance(change, RowChange)
    assert looks_at_own_columns_only(change) is own
    assert locks_rows(change) is locks
    assert samples_rows(change) is samples


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SET search_path = a; DELETE FROM t", True),
        ("ALTER TABLE a RENAME TO b; DELETE FROM b", True),
        ("ALTER TABLE a SET SCHEMA b; DELETE FROM b", True),
        ("SELECT set_config('Search_Path', 'a', true); DELETE FROM t", True),
        ("DROP SCHEMA a; DELETE FROM b", True),
        ("SET ROLE a; DELETE FROM b", True),
        ("SET LOCAL SESSION AUTHORIZATION a; DELETE FROM b", True),
        ("RESET ALL; DELETE FROM b", True),
        ("DISCARD ALL; DELETE FROM b", True),
        ('SET U&"search\\005fpath" = a; DELETE FROM b', True),
        ("SET lock_timeout = '2s'; DELETE FROM b WHERE c = ALL (d)", False),
        ("CREATE ROLE a; DELETE FROM b", False),
        ("GRANT USAGE ON SCHEMA a TO b; DELETE FROM b", False),
        ("ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO b; DELETE FROM b", False),
        ("SET search_path = a", False),
        ("DELETE FROM a; DELETE FROM b", False),
    ],
)
def test_what_moves_names_is_seen_beside_other_statements(sql: str, answer: bool) -> None:
    assert moves_names(sql) is answer


def test_assigned_columns_are_folded() -> None:
    (change,) = changes('UPDATE t SET Abc = 1, "Def" = 2')
    assert isinstance(change, RowChange)
    assert assigned_columns(change) == ["abc", "Def"]


def test_the_transaction_control_of_a_text_is_told_in_order() -> None:
    begin, commit = TransactionControl(ControlKind.BEGIN), TransactionControl(ControlKind.COMMIT)
    assert controls("BEGIN; SELECT 1; COMMIT") == (begin, commit)
    assert controls("BEGIN; SELECT 'a") == ()
