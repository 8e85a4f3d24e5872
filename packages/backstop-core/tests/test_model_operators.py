"""Aggregates, operators with their families and classes, and casts come back as they were."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

SHOP = "CREATE SCHEMA shop; CREATE TYPE shop.pair AS (a integer, b integer)"

COMPARING = """
    CREATE FUNCTION shop.lt(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a < ($2).a';
    CREATE FUNCTION shop.gt(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a > ($2).a';
    CREATE FUNCTION shop.ge(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a >= ($2).a';
    CREATE FUNCTION shop.le(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a <= ($2).a';
    CREATE FUNCTION shop.eq(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a = ($2).a';
    CREATE FUNCTION shop.cmp(shop.pair, shop.pair) RETURNS integer LANGUAGE sql IMMUTABLE
        AS 'SELECT ($1).a - ($2).a';
    CREATE OPERATOR shop.<< (FUNCTION = shop.lt, LEFTARG = shop.pair, RIGHTARG = shop.pair,
        COMMUTATOR = OPERATOR(shop.>>), NEGATOR = OPERATOR(shop.>>=), RESTRICT = scalarltsel,
        JOIN = scalarltjoinsel);
    CREATE OPERATOR shop.>> (FUNCTION = shop.gt, LEFTARG = shop.pair, RIGHTARG = shop.pair,
        COMMUTATOR = OPERATOR(shop.<<), NEGATOR = OPERATOR(shop.<<=), RESTRICT = scalargtsel,
        JOIN = scalargtjoinsel);
    CREATE OPERATOR shop.>>= (FUNCTION = shop.ge, LEFTARG = shop.pair, RIGHTARG = shop.pair,
        COMMUTATOR = OPERATOR(shop.<<=), NEGATOR = OPERATOR(shop.<<));
    CREATE OPERATOR shop.<<= (FUNCTION = shop.le, LEFTARG = shop.pair, RIGHTARG = shop.pair,
        COMMUTATOR = OPERATOR(shop.>>=), NEGATOR = OPERATOR(shop.>>));
    CREATE OPERATOR shop.== (FUNCTION = shop.eq, LEFTARG = shop.pair, RIGHTARG = shop.pair,
        COMMUTATOR = OPERATOR(shop.==), HASHES, MERGES);
"""
CLASS = """
    CREATE OPERATOR CLASS shop.pairs DEFAULT FOR TYPE shop.pair USING btree AS
        OPERATOR 1 shop.<<, OPERATOR 2 shop.<<=, OPERATOR 3 shop.==, OPERATOR 4 shop.>>=,
        OPERATOR 5 shop.>>, FUNCTION 1 shop.cmp(shop.pair, shop.pair);
"""

SCRIPTS = {
    "operators": COMPARING,
    "prefix operators": """
        CREATE FUNCTION shop.minus(shop.pair) RETURNS shop.pair LANGUAGE sql AS 'SELECT $1';
        CREATE OPERATOR shop.- (FUNCTION = shop.minus, RIGHTARG = shop.pair);
        CREATE FUNCTION shop.plus(integer, shop.pair) RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE OPERATOR shop.+ (FUNCTION = shop.plus, LEFTARG = integer, RIGHTARG = shop.pair,
                                COMMUTATOR = OPERATOR(shop.+));
        CREATE OPERATOR public.|| (FUNCTION = shop.plus, LEFTARG = integer, RIGHTARG = shop.pair);
    """,
    "operator classes": COMPARING + CLASS,
    "operator classes of a type that is stored as another": """
        CREATE OPERATOR CLASS shop.stored FOR TYPE tsquery USING gist AS
            STORAGE bigint, OPERATOR 7 @> (tsquery, tsquery),
            FUNCTION 1 gtsquery_consistent(internal, tsquery, smallint, oid, internal),
            FUNCTION 2 gtsquery_union(internal, internal),
            FUNCTION 3 gtsquery_compress(internal),
            FUNCTION 5 gtsquery_penalty(internal, internal, internal),
            FUNCTION 6 gtsquery_picksplit(internal, internal),
            FUNCTION 7 gtsquery_same(bigint, bigint, internal);
    """,
    "operator classes that order": """
        CREATE OPERATOR CLASS shop.near FOR TYPE point USING gist AS
            STORAGE box, OPERATOR 15 <-> (point, point) FOR ORDER BY pg_catalog.float_ops,
            FUNCTION 1 gist_point_consistent(internal, point, smallint, oid, internal),
            FUNCTION 2 gist_box_union(internal, internal), FUNCTION 3 gist_point_compress(internal),
            FUNCTION 5 gist_box_penalty(internal, internal, internal),
            FUNCTION 6 gist_box_picksplit(internal, internal),
            FUNCTION 7 gist_box_same(box, box, internal),
            FUNCTION 8 gist_point_distance(internal, point, smallint, oid, internal);
    """,
    "operator families with members of their own": COMPARING
    + """
        CREATE OPERATOR FAMILY shop.empty USING hash;
        CREATE OPERATOR FAMILY shop."All pairs" USING btree;
        CREATE OPERATOR CLASS shop.pairs FOR TYPE shop.pair USING btree
            FAMILY shop."All pairs" AS OPERATOR 1 shop.<<, OPERATOR 3 shop.==,
            FUNCTION 1 shop.cmp(shop.pair, shop.pair);
        CREATE FUNCTION shop.lt(shop.pair, integer) RETURNS boolean LANGUAGE sql IMMUTABLE
            AS 'SELECT ($1).a < $2';
        CREATE FUNCTION shop.cmp(shop.pair, integer) RETURNS integer LANGUAGE sql IMMUTABLE
            AS 'SELECT ($1).a - $2';
        CREATE OPERATOR shop.<< (FUNCTION = shop.lt, LEFTARG = shop.pair, RIGHTARG = integer);
        ALTER OPERATOR FAMILY shop."All pairs" USING btree ADD
            OPERATOR 1 shop.<< (shop.pair, integer),
            FUNCTION 1 (shop.pair, integer) shop.cmp(shop.pair, integer);
    """,
    "casts": """
        CREATE FUNCTION shop.to_pair(integer) RETURNS shop.pair LANGUAGE sql IMMUTABLE
            AS 'SELECT ROW($1, 0)::shop.pair';
        CREATE FUNCTION shop.to_pair(text, integer, boolean) RETURNS shop.pair LANGUAGE sql
            IMMUTABLE AS 'SELECT ROW($2, 0)::shop.pair';
        CREATE CAST (integer AS shop.pair) WITH FUNCTION shop.to_pair(integer) AS IMPLICIT;
        CREATE CAST (text AS shop.pair) WITH FUNCTION shop.to_pair(text, integer, boolean);
        CREATE CAST (shop.pair AS varchar) WITH INOUT AS ASSIGNMENT;
        CREATE CAST (bigint AS box) WITH INOUT;
        CREATE CAST (money AS bigint) WITHOUT FUNCTION;
    """,
    "ordinary aggregates": """
        CREATE FUNCTION shop.add(shop.pair, integer) RETURNS shop.pair LANGUAGE sql IMMUTABLE
            PARALLEL SAFE AS 'SELECT $1';
        CREATE FUNCTION shop.join(shop.pair, shop.pair) RETURNS shop.pair LANGUAGE sql IMMUTABLE
            PARALLEL SAFE AS 'SELECT $1';
        CREATE FUNCTION shop.done(shop.pair, integer) RETURNS integer LANGUAGE sql IMMUTABLE
            PARALLEL SAFE AS 'SELECT ($1).a';
        CREATE AGGREGATE shop.total(amount integer) (SFUNC = shop.add, STYPE = shop.pair,
            SSPACE = 64, FINALFUNC = shop.done, FINALFUNC_EXTRA, FINALFUNC_MODIFY = SHAREABLE,
            COMBINEFUNC = shop.join, INITCOND = '(0,0)', PARALLEL = SAFE);
        CREATE AGGREGATE shop.counted(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
        CREATE AGGREGATE shop.smallest(integer) (SFUNC = int4smaller, STYPE = integer,
            SORTOP = OPERATOR(pg_catalog.<), PARALLEL = RESTRICTED);
        CREATE AGGREGATE shop.average(numeric) (SFUNC = numeric_avg_accum, STYPE = internal,
            SSPACE = 128, FINALFUNC = numeric_avg, COMBINEFUNC = numeric_avg_combine,
            SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize,
            MSFUNC = numeric_avg_accum, MINVFUNC = numeric_accum_inv, MSTYPE = internal,
            MSSPACE = 256, MFINALFUNC = numeric_avg, MFINALFUNC_MODIFY = READ_WRITE);
        CREATE AGGREGATE shop.moving(float8) (SFUNC = float8pl, STYPE = float8, INITCOND = '1',
            MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = float8, MINITCOND = '1');
        CREATE FUNCTION shop.collect(text[], VARIADIC text[]) RETURNS text[] LANGUAGE sql IMMUTABLE
            AS 'SELECT $1';
        CREATE AGGREGATE shop.collected(VARIADIC words text[]) (SFUNC = shop.collect,
            STYPE = text[]);
        CREATE OPERATOR shop.&< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer);
    """,
    "ordered-set aggregates": """
        CREATE AGGREGATE shop.percentile(float8 ORDER BY "how Much" float8) (
            SFUNC = ordered_set_transition, STYPE = internal,
            FINALFUNC = percentile_cont_float8_final);
        CREATE AGGREGATE shop.everything(ORDER BY anyelement) (SFUNC = ordered_set_transition,
            STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA,
            FINALFUNC_MODIFY = SHAREABLE);
        CREATE AGGREGATE shop.place(VARIADIC "any" ORDER BY VARIADIC "any") (
            SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final,
            FINALFUNC_EXTRA, HYPOTHETICAL);
    """,
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    assert_comes_back(connect(), dsn, SCRIPTS[what], SHOP)


def test_postfix_operators_of_old_servers_come_back(connect, dsn):
    connection = connect()
    if connection.server_version >= 140000:
        pytest.skip("this server has no postfix operators")
    script = "CREATE OPERATOR shop.! (FUNCTION = pg_catalog.abs, LEFTARG = integer)"
    assert_comes_back(connection, dsn, script, SHOP)


def test_an_operator_that_is_only_named_is_none(connect):
    connection = connect()
    script = """CREATE OPERATOR shop.<< (FUNCTION = int4lt, LEFTARG = int4, RIGHTARG = int4,
                                         COMMUTATOR = OPERATOR(shop.>>))"""
    run(connection, SHOP, script)
    kinds = [item.identity for item in objects_of(connection) if item.kind == "operator"]
    assert kinds == ["operator shop.<< (integer, integer)"]


def test_the_cast_that_comes_with_a_range_is_no_object(connect):
    connection = connect()
    run(connection, SHOP, "CREATE TYPE shop.floats AS RANGE (SUBTYPE = float8)")
    assert not [item for item in objects_of(connection) if item.kind in ("cast", "function")]


def test_a_class_needs_its_operators_and_functions(connect):
    connection = connect()
    run(connection, SHOP, COMPARING, CLASS)
    (found,) = (item for item in objects_of(connection) if item.kind == "operator class")
    assert {
        "operator shop.== (shop.pair, shop.pair)",
        "function shop.cmp(shop.pair, shop.pair)",
    } <= set(found.depends_on)


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, SHOP, SCRIPTS[what])
    assert objects_of(connection) == objects_of(connection)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER OPERATOR shop.<< (shop.pair, shop.pair) SET (RESTRICT = NONE)",
        "ALTER OPERATOR FAMILY shop.pairs USING btree DROP OPERATOR 1 (shop.pair, integer)",
        """DROP CAST (shop.pair AS varchar);
           CREATE CAST (shop.pair AS varchar) WITH INOUT AS IMPLICIT""",
        """CREATE OR REPLACE AGGREGATE shop.smallest(integer)
           (SFUNC = int4smaller, STYPE = integer, INITCOND = '7')""",
    ],
)
def test_a_change_is_seen(connect, change):
    connection = connect()
    run(
        connection,
        SHOP,
        COMPARING,
        CLASS,
        "CREATE OPERATOR shop.<< (FUNCTION = int48lt, LEFTARG = integer, RIGHTARG = bigint)",
        """CREATE FUNCTION shop.lt(shop.pair, integer) RETURNS boolean LANGUAGE sql IMMUTABLE
           AS 'SELECT true'""",
        "CREATE OPERATOR shop.<< (FUNCTION = shop.lt, LEFTARG = shop.pair, RIGHTARG = integer)",
        """ALTER OPERATOR FAMILY shop.pairs USING btree ADD
           OPERATOR 1 shop.<< (shop.pair, integer)""",
        "CREATE CAST (shop.pair AS varchar) WITH INOUT AS ASSIGNMENT",
        "CREATE AGGREGATE shop.smallest(integer) (SFUNC = int4smaller, STYPE = integer)",
    )
    before = objects_of(connection)
    run(connection, change)
    assert objects_of(connection) != before
