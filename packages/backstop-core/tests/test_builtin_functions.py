"""The lists of built-in functions against the catalog of a real server, and by calling them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
import pytest

from backstop.classifier import classify
from backstop.classifier.functions import call_risk, effects, listed
from backstop.levels import RiskLevel

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

    from testing.postgres import Connect

PACKAGE = Path(__file__).parent.parent
DATA = PACKAGE / "src" / "backstop" / "classifier" / "data"
SCRIPT = runpy.run_path(str(PACKAGE / "scripts" / "builtin_functions.py"))


@pytest.fixture
def cursor(connect: Connect) -> Cursor:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TYPE mood AS ENUM ('a'); CREATE SEQUENCE numbers")
        connection.commit()
        yield cursor


def built_in(file: str, major: int) -> set[str]:
    """Return the names that a data file gives this major version."""
    names: set[str] = set()
    for line in (DATA / file).read_text(encoding="utf-8").splitlines():
        name, _, versions = line.partition("\t")
        first, _, last = versions.partition("-")
        if not line.startswith("-- ") and int(first or 0) <= major <= int(last or 99):
            names.add(name)
    return names


@pytest.mark.parametrize(
    ("file", "query"),
    [("functions.txt", "FUNCTIONS"), ("operators.txt", "OPERATORS"), ("settings.txt", "SETTINGS")],
)
def test_a_file_holds_what_the_server_has_and_nothing_else(
    cursor: Cursor, file: str, query: str
) -> None:
    cursor.execute(SCRIPT[query])
    found = {row[0] for row in cursor.fetchall()} - effects().keys()
    assert built_in(file, cursor.connection.server_version // 10000) == found


def test_every_function_of_the_server_is_known_to_be_harmless_or_not(cursor: Cursor) -> None:
    cursor.execute(SCRIPT["FUNCTIONS"])
    names = {name for name, _ in cursor.fetchall()}
    risks = [call_risk((name,)) for name in names]
    assert [risk for risk in risks if risk is not None and risk.kind == "unknown-function"] == []


def test_no_volatile_function_is_harmless_without_a_review(cursor: Cursor) -> None:
    cursor.execute(SCRIPT["FUNCTIONS"])
    volatile = {name for name, is_volatile in cursor.fetchall() if is_volatile}
    assert (volatile & listed("functions.txt")) - SCRIPT["HARMLESS_THOUGH_VOLATILE"] == set()


def test_no_function_with_an_effect_is_harmless() -> None:
    assert effects().keys() & listed("functions.txt") == set()
    assert all(risk.level > RiskLevel.SAFE for risk in effects().values())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT oprcode FROM pg_operator WHERE oprcode <> 0",
        "SELECT castfunc FROM pg_cast WHERE castfunc <> 0",
        "SELECT typoutput FROM pg_type",
    ],
)
def test_what_runs_without_being_called_by_name_is_harmless(cursor: Cursor, query: str) -> None:
    cursor.execute(
        f"SELECT DISTINCT proname FROM pg_proc WHERE oid IN ({query}) "
        "AND NOT 'internal'::regtype = ANY (proargtypes::oid[])"
    )
    names = {name for (name,) in cursor.fetchall()}
    assert len(names) > 30
    assert {name for name in names if call_risk((name,)) is not None} == set()


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("SELECT set_config('TimeZone', %s, false)", "SAFE"),
        ("SELECT set_config('app.tenant', %s, true)", "SAFE"),
        ("SELECT pg_catalog.set_config('search_path', '', false)", "SAFE"),
        ("SELECT set_config(%s, 'on', false)", "HIGH"),
        ("SELECT set_config('role', 'admin', false)", "HIGH"),
        ("SELECT set_config('app.' || name, 'a', false) FROM t", "HIGH"),
        ("SELECT set_config('work_mem' || name, 'a', false) FROM t", "HIGH"),
        (r"SELECT set_config(U&'r\006fle', 'admin', false)", "HIGH"),
        (r"SELECT set_config(E'a.\x62', 'admin', false)", "HIGH"),
        ("SELECT set_config('standard_conforming_strings', 'off', false)", "HIGH"),
        ("SELECT set_config('session_replication_role', 'replica', false)", "HIGH"),
        ("SELECT set_config('app.a', wipe(), false)", "HIGH"),
        ("SELECT other.set_config('TimeZone', 'UTC', false)", "HIGH"),
        ("SELECT set_config", "SAFE"),
    ],
)
def test_setting_an_ordinary_parameter_by_call_is_as_safe_as_set(sql: str, level: str) -> None:
    assert classify(sql).level.value == level


def test_an_encoding_that_can_hide_the_end_of_a_string_is_not_safe(connect: Connect) -> None:
    hidden = "SELECT E'\u00c1\\'; DROP TABLE t; --'"
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t ()")
        cursor.execute("SET client_encoding = 'SJIS'")
        cursor.execute(hidden)
        cursor.execute("SELECT to_regclass('t')")
        assert cursor.fetchone() == (None,)
    assert classify(hidden).level is RiskLevel.SAFE
    assert classify("SET client_encoding = 'SJIS'").level is RiskLevel.HIGH


class Function(NamedTuple):
    """A function as the catalog has it, with the types of its arguments."""

    name: str
    kind: str
    types: list[str]
    variadic: str
    untyped: bool
    aggregate: str | None
    direct: int


CALLABLE = """
    SELECT proname, prokind::text,
           ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes::oid[]) AS t),
           coalesce(nullif(provariadic, 0)::regtype::text, ''),
           prorettype = 'record'::regtype AND proallargtypes IS NULL,
           aggkind::text, coalesce(aggnumdirectargs, 0)
    FROM pg_proc LEFT JOIN pg_aggregate ON aggfnoid = pg_proc.oid
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a', 'w')
      AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
      AND NOT 'internal'::regtype = ANY (proargtypes::oid[])
    ORDER BY proname
"""

VALUES = {
    '"any"': "1",
    '"char"': "'a'",
    "aclitem": "makeaclitem(10, 10, 'SELECT', false)",
    "anyarray": "'{1,2}'::int[]",
    "anycompatible": "1",
    "anycompatiblearray": "'{1,2}'::int[]",
    "anycompatiblemultirange": "'{[1,2)}'::int4multirange",
    "anycompatiblenonarray": "1",
    "anycompatiblerange": "'[1,2)'::int4range",
    "anyelement": "1",
    "anyenum": "'a'::mood",
    "anymultirange": "'{[1,2)}'::int4multirange",
    "anynonarray": "1",
    "anyrange": "'[1,2)'::int4range",
    "bigint": "1",
    "bit varying": "B'101'",
    "bit": "B'101'",
    "boolean": "true",
    "box": "'(1,1),(0,0)'",
    "bytea": r"'\x6162'",
    "character varying": "'a'",
    "character": "'a'",
    "cid": "'1'",
    "cidr": "'10.0.0.0/8'",
    "circle": "'<(0,0),1>'",
    "cstring": "'1'",
    "date": "'2020-01-01'",
    "datemultirange": "'{[2020-01-01,2020-02-01)}'",
    "daterange": "'[2020-01-01,2020-02-01)'",
    "double precision": "0.5",
    "inet": "'10.0.0.1'",
    "int2vector": "'1 2'",
    "int4multirange": "'{[1,2)}'",
    "int4range": "'[1,2)'",
    "int8multirange": "'{[1,2)}'",
    "int8range": "'[1,2)'",
    "integer": "1",
    "interval": "'1 millisecond'",
    "json": """'{"a": 1}'""",
    "jsonb": """'{"a": 1}'""",
    "jsonpath": "'$.a'",
    "line": "'{1,2,3}'",
    "lseg": "'[(0,0),(1,1)]'",
    "macaddr": "'08:00:2b:01:02:03'",
    "macaddr8": "'08:00:2b:01:02:03:04:05'",
    "money": "'1'",
    "name": "'pg_class'",
    "numeric": "1",
    "nummultirange": "'{[1,2)}'",
    "numrange": "'[1,2)'",
    "oid": "'pg_class'::regclass",
    "oidvector": "'1 2'",
    "path": "'[(0,0),(1,1)]'",
    "pg_lsn": "'0/1'",
    "pg_snapshot": "'10:20:10'",
    "point": "'(1,1)'",
    "polygon": "'((0,0),(1,1),(1,0))'",
    "real": "0.5",
    "record": "ROW(1)",
    "refcursor": "'a'",
    "regclass": "'pg_class'",
    "regcollation": """'"C"'""",
    "regconfig": "'simple'",
    "regdictionary": "'simple'",
    "regnamespace": "'pg_catalog'",
    "regoper": "'||/'",
    "regoperator": "'+(int4,int4)'",
    "regproc": "'now'",
    "regprocedure": "'now()'",
    "regrole": "'pg_monitor'",
    "regtype": "'int4'",
    "smallint": "1",
    "text": "'a'",
    "tid": "'(0,1)'",
    "time with time zone": "'12:00+00'",
    "time without time zone": "'12:00'",
    "timestamp with time zone": "'2020-01-01'",
    "timestamp without time zone": "'2020-01-01'",
    "tsmultirange": "'{[2020-01-01,2020-02-01)}'",
    "tsquery": "'a'",
    "tsrange": "'[2020-01-01,2020-02-01)'",
    "tstzmultirange": "'{[2020-01-01,2020-02-01)}'",
    "tstzrange": "'[2020-01-01,2020-02-01)'",
    "tsvector": "'a:1'",
    "txid_snapshot": "'10:20:10'",
    "uuid": "'00000000-0000-0000-0000-000000000000'",
    "xid": "'3'",
    "xid8": "'3'",
    "xml": "'<a/>'",
}


def sample(type_name: str) -> str:
    """Write a simple value of a type; NULL where there is none."""
    if type_name.endswith("[]"):
        value = sample(type_name[:-2])
        return f"ARRAY[{value}]::{type_name}" if value != "NULL" else f"NULL::{type_name}"
    value = VALUES.get(type_name, "NULL")
    typed = type_name.startswith(('"any"', "any", "record"))
    return value if typed else f"{value}::{type_name}"


def calls(function: Function) -> list[str]:
    """Write calls of a function: one with simple values, one with NULL for each argument."""
    name = f'pg_catalog."{function.name}"'
    polymorphic = any(one.startswith(("any", '"any"', "record")) for one in function.types)
    values = [sample(one) for one in function.types]
    nulls = values if polymorphic else [f"NULL::{one}" for one in function.types]
    return [_call(function, name, arguments) for arguments in (values, nulls)]


def _call(function: Function, name: str, arguments: list[str]) -> str:
    if function.variadic not in ("", '"any"'):
        arguments = [*arguments[:-1], f"VARIADIC {arguments[-1]}"]
    given = ", ".join(arguments)
    if function.aggregate in ("o", "h"):
        given, ordered = ", ".join(arguments[: function.direct]), arguments[function.direct :]
        return f"SELECT {name}({given}) WITHIN GROUP (ORDER BY {', '.join(ordered) or given})"
    if function.kind == "a" and not arguments:
        return f"SELECT {name}(*)"
    if function.kind == "w":
        return f"SELECT {name}({given}) OVER ()"
    if function.untyped:
        return f"SELECT * FROM {name}({given}) AS t (a integer)"
    return f"SELECT {name}({given})"


def outcome(cursor: Cursor, sql: str) -> str:
    """Run a statement and undo it: "", the server's error, or that it was a write."""
    try:
        cursor.execute(
            f"SAVEPOINT before; {sql}; ROLLBACK TO before; SELECT pg_current_xact_id_if_assigned()"
        )
    except psycopg2.Error as error:
        cursor.execute("ROLLBACK TO before; SELECT pg_current_xact_id_if_assigned()")
        if isinstance(error, psycopg2.errors.ReadOnlySqlTransaction):
            return "writes"
        refused = str(error)
    else:
        refused = ""
    (assigned,) = cursor.fetchone()
    return refused if assigned is None else "writes"


STATE = """
    SELECT (SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings
            WHERE name <> 'transaction_read_only'),
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
           (SELECT string_agg(channel, ',') FROM pg_listening_channels() AS channel)
"""


@pytest.mark.parametrize("mode", ["READ ONLY", "READ WRITE"])
def test_calling_a_harmless_function_writes_nothing(cursor: Cursor, mode: str) -> None:
    cursor.execute(CALLABLE)
    functions = [Function(*row) for row in cursor.fetchall()]
    harmless = [one for one in functions if one.name in listed("functions.txt")]
    cursor.connection.rollback()
    cursor.execute(STATE)
    before = cursor.fetchall()
    cursor.connection.rollback()
    cursor.execute(f"SET TRANSACTION {mode}")
    done: set[str] = set()
    for function in harmless:
        for sql in calls(function):
            assert classify(sql).level is RiskLevel.SAFE, sql
            result = outcome(cursor, sql)
            assert result != "writes", sql
            if not result:
                done.add(function.name)
    cursor.execute(STATE)
    assert cursor.fetchall() == before
    # The others answer that they can't be called like this (pseudo-types, files that aren't there).
    assert len(done) > 0.97 * len({one.name for one in harmless})


@pytest.mark.parametrize(
    ("mode", "sql"),
    [
        ("READ ONLY", "SELECT nextval('numbers')"),
        ("READ ONLY", "SELECT setval('numbers', 5)"),
        ("READ ONLY", "SELECT lo_create(0)"),
        ("READ WRITE", "SELECT lo_create(0)"),
        ("READ WRITE", "SELECT txid_current()"),
        ("READ ONLY", "SELECT pg_current_xact_id()"),
    ],
)
def test_the_check_sees_a_function_that_writes(cursor: Cursor, mode: str, sql: str) -> None:
    cursor.connection.rollback()
    cursor.execute(f"SET TRANSACTION {mode}")
    assert outcome(cursor, sql) == "writes"
    assert classify(sql).level > RiskLevel.SAFE
