"""What a text removes or overwrites, as slices of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop.syntax import (
    LexError,
    RowChange,
    TableDrop,
    TableReference,
    Truncation,
    Unreadable,
    Upsert,
    changes,
)


def only_change(sql: str) -> RowChange:
    (change,) = changes(sql)
    assert isinstance(change, RowChange)
    return change


def only_upsert(sql: str) -> Upsert:
    (change,) = changes(sql)
    assert isinstance(change, Upsert)
    return change


def test_a_delete_falls_into_its_clauses() -> None:
    change = only_change(
        'DELETE FROM shop."Users" AS u USING a, b WHERE u.id = a.id AND x IS DISTINCT FROM y '
        "RETURNING *"
    )
    assert change.operation == "DELETE"
    assert change.table == 'shop."Users"'
    assert change.alias == "u"
    assert change.from_clause == "a, b"
    assert change.where == "u.id = a.id AND x IS DISTINCT FROM y"
    assert not change.only


@pytest.mark.parametrize(
    ("sql", "table", "only", "alias"),
    [
        ("DELETE FROM t", "t", False, None),
        ("DELETE FROM ONLY t", "t", True, None),
        ("DELETE FROM ONLY (t) x", "t", True, "x"),
        ("DELETE FROM t * AS x", "t", False, "x"),
        ("DELETE /* c */ FROM a . b -- c\n x", "a . b", False, "x"),
        ('DELETE FROM U&"\\0061" "X y"', 'U&"\\0061"', False, '"X y"'),
        ("UPDATE ONLY t * AS x SET a = 1", "t", True, "x"),
        ("UPDATE t x SET a = 1", "t", False, "x"),
        ('UPDATE "set" SET a = 1', '"set"', False, None),
    ],
)
def test_the_target_is_read(sql: str, table: str, only: bool, alias: str | None) -> None:
    change = only_change(sql)
    assert (change.table, change.only, change.alias) == (table, only, alias)


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("DELETE FROM t", None),
        ("DELETE FROM t WHERE a = 1", "a = 1"),
        ("DELETE FROM t WHERE a = 1 /* x */ RETURNING a", "a = 1"),
        ("DELETE FROM t WHERE a IN (SELECT b FROM c WHERE d)", "a IN (SELECT b FROM c WHERE d)"),
        ("UPDATE t SET a = (SELECT 1 FROM b WHERE c)", None),
        ("UPDATE t SET a = extract(year FROM b) WHERE c", "c"),
        ("UPDATE t SET a = CASE WHEN b IS DISTINCT FROM c THEN 1 END WHERE d", "d"),
        ("UPDATE t SET a = 1 WHERE x.where = 1", "x.where = 1"),
        ("UPDATE t SET a = 'WHERE' WHERE b", "b"),
        ("UPDATE t SET a = 1; SELECT 1 WHERE true", None),
    ],
)
def test_the_where_is_the_statements_own(sql: str, where: str | None) -> None:
    assert only_change(sql).where == where


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("UPDATE t SET a = 1", ("a",)),
        ('UPDATE t SET a = 1, "B c" = f(1, 2), d = DEFAULT', ("a", '"B c"', "d")),
        ("UPDATE t SET (a, b) = (1, 2), c = 3", ("a", "b", "c")),
        ("UPDATE t SET (a, b) = (SELECT x, y FROM z WHERE w), c = 3 FROM d", ("a", "b", "c")),
        ("UPDATE t SET (a) = ROW (1)", ("a",)),
        ("UPDATE t SET a[1] = 2, b.c = 3, d[1:2].e = 4", ("a", "b", "d")),
        ("UPDATE t SET a[(b = 1)::int] = 2, c = 3", ("a", "c")),
        ("UPDATE t SET a = 1 RETURNING b, c", ("a",)),
        ("UPDATE t SET (a, b, c) = (1, 2, 3) WHERE d = 4", ("a", "b", "c")),
    ],
)
def test_the_assigned_columns_are_read(sql: str, columns: tuple[str, ...]) -> None:
    assert only_change(sql).columns == columns


def test_the_from_of_an_update_is_read() -> None:
    change = only_change("UPDATE t SET a = b.c FROM b JOIN d ON b.e = d.e WHERE t.f = b.f")
    assert change.from_clause == "b JOIN d ON b.e = d.e"
    assert change.where == "t.f = b.f"


def test_the_tables_of_a_delete_end_where_the_next_clause_starts() -> None:
    change = only_change("DELETE FROM t USING u RETURNING a")
    assert (change.from_clause, change.where) == ("u", None)
    assert only_change("DELETE FROM t RETURNING a").alias is None
    assert only_change("DELETE FROM t USING u, v WHERE a = 1").from_clause == "u, v"


def test_current_of_names_the_cursor() -> None:
    assert only_change("DELETE FROM t WHERE a = 1").current_of is None
    assert only_change("DELETE FROM t WHERE CURRENT OF c AND a").current_of is None
    assert only_change("DELETE FROM t WHERE CURRENT OF c").current_of == "c"
    assert only_change('UPDATE t SET a = 1 WHERE CURRENT OF "C"').current_of == '"C"'


def test_a_change_sees_the_with_entries_before_it() -> None:
    sql = (
        "WITH a AS (SELECT 1), d AS (DELETE FROM t USING a RETURNING *), e AS (SELECT 2) "
        "UPDATE u SET x = 1"
    )
    first, second = changes(sql)
    assert isinstance(first, RowChange)
    assert isinstance(second, RowChange)
    assert first.with_clause == "WITH a AS (SELECT 1)"
    assert not first.with_writes
    assert second.with_clause == sql[: sql.index(" UPDATE")]
    assert second.with_writes


def test_a_recursive_list_stays_recursive() -> None:
    sql = (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT n FROM r) DELETE FROM t WHERE n IN (TABLE r)"
    )
    assert only_change(sql).with_clause == sql[: sql.index(" DELETE")]


def test_an_inner_list_comes_after_the_outer_one() -> None:
    sql = "WITH a AS (SELECT 1), d AS (WITH b AS (SELECT 2) DELETE FROM t) SELECT 1"
    assert only_change(sql).with_clause == "WITH a AS (SELECT 1), b AS (SELECT 2)"


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN (COSTS OFF, ANALYZE) DELETE FROM t",
        "COPY (DELETE FROM t RETURNING *) TO STDOUT",
        "SELECT 1; DELETE FROM t",
        "CREATE TABLE x AS WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
        "EXPLAIN ANALYZE WITH d AS (DELETE FROM t) SELECT 1",
        "(WITH d AS (DELETE FROM t) SELECT 1)",
        "SELECT * FROM (DELETE FROM t) x",
    ],
)
def test_a_wrapped_change_is_found(sql: str) -> None:
    change = only_change(sql)
    assert (change.operation, change.table) == ("DELETE", "t")


@pytest.mark.parametrize("sql", ["PREPARE p (int) AS DELETE FROM t WHERE a = $1", "EXECUTE p (4)"])
def test_what_is_prepared_can_not_be_read(sql: str) -> None:
    (change,) = changes(sql)
    assert isinstance(change, Unreadable)
    assert change.operation == sql.split()[0]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "EXPLAIN DELETE FROM t",
        "EXPLAIN (ANALYZE off) DELETE FROM t",
        "INSERT INTO t SELECT update FROM u",
        "CREATE VIEW v AS WITH d AS (DELETE FROM t) SELECT 1",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "SELECT 'DELETE FROM t'",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u)",
        "",
    ],
)
def test_what_changes_no_row_gives_nothing(sql: str) -> None:
    assert changes(sql) == []


def test_a_truncate_falls_into_its_tables() -> None:
    sql = "TRUNCATE TABLE ONLY a, b.c *, ONLY (d) RESTART IDENTITY CASCADE"
    tables = (TableReference("a", True), TableReference("b.c", False), TableReference("d", True))
    assert changes(sql) == [Truncation("TRUNCATE", 0, len(sql), tables, True, True)]
    assert changes("TRUNCATE a CONTINUE IDENTITY RESTRICT") == [
        Truncation("TRUNCATE", 0, 37, (TableReference("a", False),))
    ]


def test_a_drop_falls_into_its_tables() -> None:
    sql = 'DROP TABLE IF EXISTS a, "B".c CASCADE'
    assert changes(sql) == [TableDrop("DROP TABLE", 0, len(sql), ("a", '"B".c'), True, True)]
    assert changes("DROP TABLE a") == [TableDrop("DROP TABLE", 0, 12, ("a",))]


@pytest.mark.parametrize(
    ("sql", "operation", "table"),
    [
        ("DELETE", "DELETE", None),
        ("DELETE FROM t WHERE", "DELETE", None),
        ("DELETE FROM t garbage more", "DELETE", None),
        ("DELETE FROM t WHERE a WHERE b", "DELETE", None),
        ("UPDATE t", "UPDATE", None),
        ("UPDATE t SET", "UPDATE", None),
        ("UPDATE t SET 1 = 2", "UPDATE", None),
        ("DELETE a t WHERE id = 1", "DELETE", None),
        ("DELETE FROM 1 WHERE a = 1", "DELETE", None),
        ("DELETE FROM t AS 1 WHERE a = 1", "DELETE", None),
        ("DELETE FROM ONLY (t x) WHERE a = 1", "DELETE", None),
        ("DELETE FROM ONLY (t x)", "DELETE", None),
        ("DELETE FROM (t) WHERE a = 1", "DELETE", None),
        ("DELETE FROM t AS", "DELETE", None),
        ("DELETE FROM t USING WHERE a = 1", "DELETE", None),
        ("DELETE FROM t x FROM u WHERE a = 1", "DELETE", None),
        ("UPDATE t x WHERE b = 1", "UPDATE", None),
        ("UPDATE t SET a = 1 USING b WHERE c = 1", "UPDATE", None),
        ("UPDATE t SET a = 1 FROM WHERE c = 1", "UPDATE", None),
        ("UPDATE t SET a = 1,", "UPDATE", None),
        ("UPDATE t SET a, b = 1", "UPDATE", None),
        ("UPDATE t SET (a, 1) = (1, 2)", "UPDATE", None),
        ("UPDATE t SET (a, b) 1 = 2", "UPDATE", None),
        ("TRUNCATE", "TRUNCATE", None),
        ("TRUNCATE a GARBAGE", "TRUNCATE", None),
        ("DROP TABLE", "DROP TABLE", None),
        ("DROP TABLE a b", "DROP TABLE", None),
        ("MERGE", "MERGE", None),
        ("MERGE INTO", "MERGE", None),
        ("MERGE t USING s ON a WHEN MATCHED THEN DELETE", "MERGE", None),
        ("MERGE INTO a.t", "MERGE", "a.t"),
        ("MERGE INTO ONLY (a.t) x USING s", "MERGE", "a.t"),
        ("MERGE INTO t USING s ON true", "MERGE", "t"),
        ("MERGE INTO t USING s WHEN MATCHED THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING ON a WHEN MATCHED THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON WHEN MATCHED THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t FROM s ON a WHEN MATCHED THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED OR b THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED AND THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN FOUND THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED THEN DELETE b", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED THEN UPDATE SET", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED THEN UPDATE SET b", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN MATCHED THEN INSERT DEFAULT VALUES", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN NOT MATCHED THEN DELETE", "MERGE", "t"),
        ("MERGE INTO t USING s ON a WHEN NOT MATCHED BY SOURCE THEN DELETE", "MERGE", "t"),
        (
            "MERGE INTO t USING s ON a WHEN NOT MATCHED BY SOURCE AND b THEN UPDATE SET c = 1 "
            "WHEN MATCHED THEN DELETE",
            "MERGE",
            "t",
        ),
        ("MERGE INTO t USING s ON a RETURNING b WHEN MATCHED THEN DELETE", "MERGE", "t"),
        ("INSERT t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1", "INSERT", None),
        ("INSERT INTO t AS 1 VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1", "INSERT", "t"),
        ("INSERT INTO t ON CONFLICT (a) DO UPDATE SET b = 1", "INSERT", "t"),
        ("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE b = 1", "INSERT", "t"),
        ("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b", "INSERT", "t"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO DO UPDATE SET b = 1", "INSERT", "t"),
        ("INSERT INTO t VALUES (1) DO UPDATE SET b = 1", "INSERT", "t"),
    ],
)
def test_a_shape_that_is_not_understood_is_not_left_out(
    sql: str, operation: str, table: str | None
) -> None:
    assert changes(sql) == [Unreadable(operation, 0, len(sql), table)]


def test_a_merge_falls_into_its_clauses() -> None:
    change = only_change(
        'WITH n AS (SELECT 1 AS id) MERGE INTO ONLY shop."Users" * AS u USING (TABLE n) AS s '
        "ON u.id = s.id AND u.x WHEN MATCHED AND s.gone THEN DELETE "
        'WHEN MATCHED THEN UPDATE SET a = s.a, ("B", c) = (1, 2) '
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id) RETURNING u.id"
    )
    assert (change.operation, change.table, change.alias) == ("MERGE", 'shop."Users"', "u")
    assert change.only
    assert change.with_clause == "WITH n AS (SELECT 1 AS id)"
    assert change.from_clause == "(TABLE n) AS s"
    assert change.where == "u.id = s.id AND u.x"
    assert change.columns == ("a", '"B"', "c")
    assert change.actions == ("DELETE", "UPDATE", "INSERT")
    assert change.effects == ("DELETE", "UPDATE")
    assert change.inserts


@pytest.mark.parametrize(
    ("source", "on"),
    [
        ("s", "true"),
        ("a JOIN b ON a.x = b.x", "t.id = a.id"),
        ("a JOIN b ON a.on", "t.on = CASE WHEN b.matched THEN 1 ELSE a.end END"),
        ("s AS v(id, n)", "t.id = CASE v.n WHEN CASE WHEN x THEN 1 END THEN 2 END AND t.when"),
        ("(VALUES (1, 'WHEN MATCHED'), (2, 'ON')) AS v(id, n)", "t.id = v.id /* ON */"),
    ],
)
def test_the_on_of_a_merge_is_its_own(source: str, on: str) -> None:
    change = only_change(f"MERGE INTO t USING {source} ON {on} WHEN MATCHED THEN DELETE")
    assert (change.from_clause, change.where) == (source, on.replace(" /* ON */", ""))


@pytest.mark.parametrize(
    ("clauses", "columns", "actions"),
    [
        ("WHEN MATCHED THEN DELETE", (), ("DELETE",)),
        ("WHEN MATCHED THEN UPDATE SET a = 1", ("a",), ("UPDATE",)),
        (
            "WHEN MATCHED AND t.then THEN UPDATE SET a = CASE WHEN b THEN 1 END, c = 2 "
            "WHEN MATCHED THEN UPDATE SET d = 3, a = 4",
            ("a", "c", "d", "a"),
            ("UPDATE",),
        ),
        (
            "WHEN NOT MATCHED BY TARGET AND b THEN INSERT DEFAULT VALUES "
            "WHEN NOT MATCHED BY SOURCE THEN DO NOTHING WHEN MATCHED THEN DELETE RETURNING *",
            (),
            ("INSERT", "DELETE"),
        ),
        ("WHEN MATCHED AND CASE WHEN a THEN b END THEN DELETE", (), ("DELETE",)),
    ],
)
def test_what_a_merge_does_is_read(
    clauses: str, columns: tuple[str, ...], actions: tuple[str, ...]
) -> None:
    change = only_change(f"MERGE INTO t USING s ON t.id = s.id {clauses}")
    assert (change.columns, change.actions) == (columns, actions)


@pytest.mark.parametrize(
    ("clauses", "when"),
    [
        ("WHEN MATCHED THEN DELETE", None),
        ("WHEN MATCHED THEN DELETE WHEN MATCHED AND a THEN DO NOTHING", None),
        ("WHEN NOT MATCHED AND a THEN INSERT VALUES (1) WHEN MATCHED THEN DELETE", None),
        (
            "WHEN MATCHED AND t.a > s.a /* x */ THEN DELETE",
            "CASE WHEN (t.a > s.a ) THEN True ELSE False END",
        ),
        (
            "WHEN MATCHED AND a THEN DO NOTHING WHEN NOT MATCHED THEN DO NOTHING "
            "WHEN MATCHED AND CASE WHEN b THEN c END THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET d = 1 WHEN MATCHED AND e THEN DO NOTHING",
            "CASE WHEN (a ) THEN False WHEN (CASE WHEN b THEN c END ) THEN True ELSE True END",
        ),
        ("WHEN MATCHED THEN DO NOTHING WHEN MATCHED THEN DELETE", "false"),
    ],
)
def test_which_matched_rows_a_merge_changes_is_read(clauses: str, when: str | None) -> None:
    change = only_change(f"MERGE INTO t USING s ON t.id = s.id {clauses}")
    found = change.when
    assert (found and found.replace("\n", " ")) == when


def test_a_delete_or_update_has_one_effect() -> None:
    assert only_change("DELETE FROM t").effects == ("DELETE",)
    assert only_change("UPDATE t SET a = 1").effects == ("UPDATE",)
    assert not only_change("UPDATE t SET a = 1").inserts


@pytest.mark.parametrize(
    "clauses",
    [
        "WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "WHEN MATCHED THEN DO NOTHING",
        "WHEN NOT MATCHED AND CASE WHEN matched THEN a END THEN INSERT VALUES (s.update)",
        "WHEN NOT MATCHED BY SOURCE AND a THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (1)",
    ],
)
def test_a_merge_that_only_adds_rows_changes_none(clauses: str) -> None:
    assert changes(f"MERGE INTO t USING s ON t.id = s.id {clauses}") == []


def test_a_merge_beside_a_write_says_so() -> None:
    first, second = changes(
        "WITH d AS (DELETE FROM u RETURNING id) MERGE INTO t USING d ON t.id = d.id "
        "WHEN MATCHED THEN DELETE"
    )
    assert isinstance(first, RowChange)
    assert isinstance(second, RowChange)
    assert (first.operation, second.operation) == ("DELETE", "MERGE")
    assert second.with_writes


@pytest.mark.parametrize(
    ("given", "rows", "query"),
    [
        ("VALUES (1, 2)", 1, None),
        ("(a, b) VALUES (1, 2), (3, DEFAULT)", 2, None),
        ("(values) VALUES (1)", 1, None),
        ("DEFAULT VALUES", 1, None),
        ("AS x (a) OVERRIDING SYSTEM VALUE VALUES (%s), (f(1, 2)), ((SELECT 1))", 3, None),
        (f"VALUES {', '.join(['(1, NULL)'] * 1000)}", 1000, None),
        (f"VALUES {', '.join(['(%(a)s, %(b)s)'] * 50)}", 50, None),
        (f"VALUES {', '.join(['(1)'] * 20)}, (f(1)), (2)", 22, None),
        (f"VALUES {', '.join([repr('), (')] * 9).join('()')}, ('a')", 2, None),
        (f"VALUES ((SELECT max(x) FROM (VALUES {', '.join(['(1)'] * 20)}) v(x)))", 1, None),
        ("SELECT a FROM b JOIN c ON b.x = c.x", None, "SELECT a FROM b JOIN c ON b.x = c.x"),
        ("(a) SELECT 1 UNION VALUES (1)", None, "SELECT 1 UNION VALUES (1)"),
        ("VALUES (1), (2) LIMIT 1", None, "VALUES (1), (2) LIMIT 1"),
        ("VALUES (1) UNION SELECT x FROM y", None, "VALUES (1) UNION SELECT x FROM y"),
        ("(SELECT 1)", None, "(SELECT 1)"),
        ("(VALUES (1), (2))", None, "(VALUES (1), (2))"),
        ("WITH w AS (SELECT 1) TABLE w", None, "WITH w AS (SELECT 1) TABLE w"),
        ("TABLE a JOIN b ON conflict", None, "TABLE a JOIN b ON conflict"),
        ("VALUES %s", None, "VALUES %s"),
    ],
)
def test_what_an_upsert_is_given_is_read(given: str, rows: int | None, query: str | None) -> None:
    change = only_upsert(f"INSERT INTO t {given} ON CONFLICT (a) DO UPDATE SET b = 1")
    assert (change.operation, change.table) == ("INSERT", "t")
    assert (change.rows, change.query) == (rows, query)
    assert change.effects == ("UPDATE",)
    assert change.inserts


@pytest.mark.parametrize(
    ("clause", "columns", "moved"),
    [
        ("(id) DO UPDATE SET b = 1", ("b",), ("b",)),
        (
            '(id) DO UPDATE SET id = EXCLUDED.id, "B" = excluded."B" WHERE t.c',
            ("id", '"B"'),
            ('"B"',),
        ),
        ("(id, b) WHERE c DO UPDATE SET b = excluded.b, id = excluded.b", ("b", "id"), ("id",)),
        ("(id) DO UPDATE SET id = excluded.id + 1", ("id",), ("id",)),
        ("(lower(id)) DO UPDATE SET id = excluded.id", ("id",), ("id",)),
        (
            "ON CONSTRAINT t_key DO UPDATE SET (id, b) = (1, 2) RETURNING c",
            ("id", "b"),
            ("id", "b"),
        ),
    ],
)
def test_the_columns_that_an_upsert_overwrites_are_read(
    clause: str, columns: tuple[str, ...], moved: tuple[str, ...]
) -> None:
    change = only_upsert(f"INSERT INTO t VALUES (1) ON CONFLICT {clause}")
    assert (change.columns, change.moved) == (columns, moved)


def test_an_upsert_sees_the_with_entries_before_it() -> None:
    change = only_upsert(
        "WITH a AS (SELECT 1) INSERT INTO u TABLE a ON CONFLICT (x) DO UPDATE SET b = 1"
    )
    assert (change.with_clause, change.with_writes) == ("WITH a AS (SELECT 1)", False)
    _, second = changes(
        "WITH d AS (DELETE FROM t RETURNING *) "
        "INSERT INTO u TABLE d ON CONFLICT (x) DO UPDATE SET b = 1"
    )
    assert isinstance(second, Upsert)
    assert second.with_writes


def test_a_change_nested_too_deep_to_tell_what_it_sees_is_unreadable() -> None:
    sql = "SELECT " + "(" * 10 + "WITH a AS (SELECT 1) DELETE FROM t" + ")" * 10
    assert changes(sql) == [Unreadable("DELETE", sql.index("DELETE"), len(sql) - 10)]


def test_a_plain_delete_has_nothing_but_its_table() -> None:
    assert changes("DELETE FROM t") == [RowChange("DELETE", 0, 13, "t")]
    (change,) = changes("DELETE FROM t")
    assert isinstance(change, RowChange)
    assert not change.only
    assert not change.with_writes


@pytest.mark.parametrize("sql", ["DELETE FROM t WHERE 'a", "DELETE FROM t WHERE (a", "UPDATE t)"])
def test_a_text_that_cannot_be_scanned_is_refused(sql: str) -> None:
    with pytest.raises(LexError):
        changes(sql)


_WORDS = """
    DELETE FROM UPDATE SET WHERE RETURNING USING WITH AS RECURSIVE t u "V" . , ( ) = 1 'x' %s
    TRUNCATE ONLY * DROP TABLE IF EXISTS CASCADE EXPLAIN ANALYZE PREPARE COPY TO SELECT ;
    CURRENT OF MERGE INTO INSERT ON CONFLICT DO [ ] IS DISTINCT /*c*/
    WHEN MATCHED NOT BY SOURCE THEN CASE END VALUES excluded
"""


@given(st.lists(st.sampled_from(_WORDS.split()), max_size=25))
def test_every_slice_lies_within_the_text(words: list[str]) -> None:
    sql = " ".join(words)
    try:
        found = changes(sql)
    except LexError:
        return
    for change in found:
        assert 0 <= change.start < change.end <= len(sql)
        if isinstance(change, RowChange):
            inside = sql[change.start : change.end]
            parts = (change.table, change.alias, change.from_clause, change.where, *change.columns)
            assert all(part in inside for part in parts if part is not None)
