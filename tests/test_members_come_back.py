"""What belongs to an extension, and what was added to it, comes back; so does what was not.

A dump leaves members out, so that which object belongs to which extension is compared as well.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

# One of each kind that ALTER EXTENSION takes, but for the kinds of TEMPLATES that a superuser owns.
SHOP = """
CREATE SCHEMA shop;
CREATE FUNCTION shop.half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
CREATE PROCEDURE shop.work(n int) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE shop.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE AGGREGATE shop.middle(float8 ORDER BY float8) (SFUNC = ordered_set_transition,
    STYPE = internal, FINALFUNC = percentile_cont_float8_final);
CREATE FUNCTION shop.alike(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b';
CREATE OPERATOR shop.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = shop.alike);
CREATE OPERATOR FAMILY shop.family USING btree;
CREATE OPERATOR CLASS shop.backwards FOR TYPE int USING btree FAMILY shop.family AS
    OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <,
    FUNCTION 1 btint4cmp(int, int);
CREATE TYPE shop.color AS ENUM ('red', 'blue');
CREATE TYPE shop.pair AS (a int, b int);
CREATE TYPE shop.span AS RANGE (SUBTYPE = int);
CREATE DOMAIN shop.rate AS int CHECK (VALUE > 0);
CREATE CAST (int AS shop.color) WITH INOUT;
CREATE COLLATION shop.words FROM "C";
CREATE CONVERSION shop.converted FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH TEMPLATE shop.template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY shop.dictionary (TEMPLATE = pg_catalog.simple);
CREATE TEXT SEARCH PARSER shop.parser (START = prsd_start, GETTOKEN = prsd_nexttoken,
    END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION shop.configuration (PARSER = pg_catalog.default);
CREATE FOREIGN DATA WRAPPER wrapper;
CREATE SERVER far FOREIGN DATA WRAPPER wrapper;
CREATE FOREIGN TABLE shop.distant (id int) SERVER far;
CREATE LANGUAGE "Other" HANDLER plpgsql_call_handler;
CREATE FUNCTION shop.from_color(internal) RETURNS internal LANGUAGE internal IMMUTABLE
    AS 'prsd_headline';
CREATE TRANSFORM FOR shop.color LANGUAGE "Other" (FROM SQL WITH FUNCTION
    shop.from_color(internal));
CREATE ACCESS METHOD rows TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE shop.orders (id serial PRIMARY KEY, n int DEFAULT 1 CHECK (n > 0), note text);
CREATE INDEX ON shop.orders (n);
INSERT INTO shop.orders (n, note) SELECT g, 'a ' || g FROM generate_series(1, 9) AS g;
CREATE FUNCTION shop.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.noted();
COMMENT ON COLUMN shop.orders.n IS 'a number';
CREATE TABLE shop.logs (id int, day int) PARTITION BY LIST (day);
CREATE TABLE shop.logs_1 PARTITION OF shop.logs FOR VALUES IN (1);
CREATE VIEW shop.seen AS SELECT id, n FROM shop.orders;
CREATE MATERIALIZED VIEW shop.kept AS SELECT count(*) FROM shop.orders;
CREATE SEQUENCE shop.counter;
CREATE SCHEMA "Empty";
CREATE FUNCTION shop.watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE CAST')
    EXECUTE FUNCTION shop.watched();
GRANT SELECT ON shop.orders TO PUBLIC;
REVOKE EXECUTE ON FUNCTION shop.half FROM PUBLIC;
"""

MEMBERS = [
    "FUNCTION shop.half(int)",
    "PROCEDURE shop.work(int)",
    "ROUTINE shop.alike(int, int)",
    "AGGREGATE shop.total(int)",
    "AGGREGATE shop.middle(float8 ORDER BY float8)",
    "OPERATOR shop.=== (int, int)",
    "OPERATOR FAMILY shop.family USING btree",
    "OPERATOR CLASS shop.backwards USING btree",
    "TYPE shop.color",
    "TYPE shop.pair",
    "TYPE shop.span",
    "DOMAIN shop.rate",
    "CAST (int AS shop.color)",
    "COLLATION shop.words",
    "CONVERSION shop.converted",
    "TEXT SEARCH TEMPLATE shop.template",
    "TEXT SEARCH DICTIONARY shop.dictionary",
    "TEXT SEARCH PARSER shop.parser",
    "TEXT SEARCH CONFIGURATION shop.configuration",
    "FOREIGN DATA WRAPPER wrapper",
    "SERVER far",
    "FOREIGN TABLE shop.distant",
    'LANGUAGE "Other"',
    'TRANSFORM FOR shop.color LANGUAGE "Other"',
    "ACCESS METHOD rows",
    "TABLE shop.orders",
    "TABLE shop.logs",
    "TABLE shop.logs_1",
    "VIEW shop.seen",
    "MATERIALIZED VIEW shop.kept",
    "SEQUENCE shop.counter",
    'SCHEMA "Empty"',
    "EVENT TRIGGER watching",
]


class Members:
    """A database whose extension gets members: ``state`` is its dump, and who belongs to it."""

    def __init__(self, connection, dsn):
        self.dsn = dsn
        self.connection = connection
        connection.autocommit = True
        self.execute(SHOP)
        found = self.rows(
            "SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'vector') ORDER BY 1"
        )
        self.extension = found[0][0] if found else None
        if self.extension:
            self.execute(f"CREATE EXTENSION {self.extension}")

    def execute(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    @property
    def state(self):
        return dump(self.dsn), self.rows(
            """
            SELECT e.extname, e.extversion, pg_describe_object(d.classid, d.objid, 0),
                   (SELECT array_agg(acl::text ORDER BY acl::text) FROM pg_init_privs i,
                        unnest(i.initprivs) AS acl
                    WHERE i.objoid = d.objid AND i.classoid = d.classid AND i.objsubid = 0)
            FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
            WHERE d.deptype = 'e' ORDER BY 1, 3
            """
        )


@pytest.fixture
def members(connect, dsn):
    return Members(connect(), dsn)


@pytest.fixture
def back(members, guarded, store, dsn):
    """Give a function that runs a statement, restores it twice, and compares the whole state."""

    def round_trip(sql, *, complete=True, as_role=None):
        before = members.state
        connection = guarded(snapshot_at="LOW")
        connection.cursor().execute(sql)
        connection.close()
        assert members.state != before, "the statement changed nothing"
        snapshot = backstop.snapshots.list(store)[-1]
        target = make_dsn(dsn, user=as_role) if as_role else dsn
        report = backstop.restore(snapshot.id, storage=store, dsn=target)
        assert members.state == before
        again = backstop.restore(snapshot.id, storage=store, dsn=target)
        assert members.state == before
        assert report.complete is complete, report.problems or report.conflicts
        assert again.complete is complete, again.problems or again.conflicts
        assert [*again.created, *again.changed] == []
        return report

    return round_trip


def needs_extension(members):
    if members.extension is None:
        pytest.skip("this server has no extension that could be dropped")


@pytest.mark.parametrize("member", MEMBERS)
def test_what_was_added_to_an_extension_leaves_it_again(member, back):
    back(f"ALTER EXTENSION plpgsql ADD {member}")


@pytest.mark.parametrize("member", MEMBERS)
def test_what_was_taken_out_of_an_extension_is_in_it_again(member, members, back):
    members.execute(f"ALTER EXTENSION plpgsql ADD {member}")
    back(f"ALTER EXTENSION plpgsql DROP {member}")


def test_the_servers_own_objects_belong_to_their_extension_again(back):
    back("ALTER EXTENSION plpgsql DROP FUNCTION plpgsql_validator(oid)")


def test_what_was_taken_out_and_dropped_comes_back_as_a_member(members, back):
    members.execute("ALTER EXTENSION plpgsql ADD TABLE shop.orders")
    back("ALTER EXTENSION plpgsql DROP TABLE shop.orders; DROP TABLE shop.orders CASCADE")


def test_a_member_keeps_the_grants_that_it_came_with(members, back):
    members.execute(
        "ALTER EXTENSION plpgsql ADD FUNCTION shop.half(int);"
        "GRANT EXECUTE ON FUNCTION shop.half(int) TO PUBLIC;"
        "ALTER EXTENSION plpgsql ADD TABLE shop.orders;"
        "REVOKE SELECT ON shop.orders FROM PUBLIC"
    )
    back("ALTER EXTENSION plpgsql DROP FUNCTION shop.half(int)")
    back("ALTER EXTENSION plpgsql DROP TABLE shop.orders")


def test_a_member_that_loses_a_column_is_a_member_again(members, back):
    members.execute("ALTER EXTENSION plpgsql ADD TABLE shop.orders")
    before = members.rows("SELECT * FROM shop.orders ORDER BY id")
    back("ALTER TABLE shop.orders DROP COLUMN n CASCADE")
    assert members.rows("SELECT * FROM shop.orders ORDER BY id") == before


def test_an_extension_comes_back_with_what_was_added_to_it(members, back):
    needs_extension(members)
    for member in MEMBERS:
        if not member.startswith(("SCHEMA", "ACCESS", "LANGUAGE")):
            members.execute(f"ALTER EXTENSION {members.extension} ADD {member}")
    rows = members.rows("SELECT * FROM shop.orders ORDER BY id")
    report = back(f"DROP EXTENSION {members.extension} CASCADE")
    assert {f"extension {members.extension}", "table shop.orders"} <= set(report.created)
    assert f"create extension {members.extension} and what belongs to it" in report.plan.steps
    assert members.rows("SELECT * FROM shop.orders ORDER BY id") == rows


def test_what_had_left_an_extension_stays_out_of_it(members, back):
    needs_extension(members)
    argument = members.extension
    ((name,),) = members.rows(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid "
        f"AND d.deptype = 'e' WHERE p.proargtypes[0] = '{argument}'::regtype ORDER BY 1 LIMIT 1"
    )
    members.execute(f"ALTER EXTENSION {members.extension} DROP FUNCTION {name}")
    back(f"DROP EXTENSION {members.extension} CASCADE")


def test_a_schema_that_belongs_to_an_extension_comes_back_with_all_that_it_holds(members, back):
    needs_extension(members)
    members.execute(f'ALTER EXTENSION {members.extension} ADD SCHEMA "Empty"')
    members.execute('CREATE TABLE "Empty".full AS SELECT 1 AS one')
    back(f"DROP EXTENSION {members.extension} CASCADE")


def test_an_ordinary_role_brings_a_trusted_extension_back(members, back, postgres_maintenance, dsn):
    if members.extension != "hstore":
        pytest.skip("this server has no trusted extension")
    role = f"members_{os.getpid()}"
    with postgres_maintenance.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN")
    try:
        members.execute(f"GRANT CREATE ON SCHEMA public TO {role}; DROP EXTENSION hstore")
        name = members.connection.info.dbname
        members.execute(f"GRANT CREATE ON DATABASE {name} TO {role}")
        with contextlib.closing(psycopg2.connect(make_dsn(dsn, user=role))) as own:
            own.autocommit = True
            own.cursor().execute("CREATE EXTENSION hstore")
        report = back("DROP EXTENSION hstore", as_role=role)
        assert not [note for note in report.plan.notes if "superuser" in note]
    finally:
        members.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.fixture
def older(members):
    """Give the database with an earlier version of the extension."""
    versions = members.rows(
        "SELECT 1 FROM pg_available_extension_versions WHERE name = 'hstore' AND version = '1.4'"
    )
    if not versions:
        pytest.skip("this server has no extension in several versions")
    members.execute("DROP EXTENSION hstore; CREATE EXTENSION hstore VERSION '1.4'")
    return members


def test_an_updated_extension_gets_its_version_back(older, back):
    older.execute(
        "CREATE VIEW shop.used AS SELECT 'a=>1'::hstore -> 'a' AS a;"
        "CREATE FUNCTION shop.size(h hstore) RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    report = back("ALTER EXTENSION hstore UPDATE")
    assert "extension hstore" in report.changed


def test_an_updated_extension_keeps_what_was_added_to_it_and_taken_out_of_it(older, back):
    for member in MEMBERS:
        if not member.startswith(
            ("SCHEMA", "ACCESS", "LANGUAGE", "TABLE", "SEQUENCE", "FOREIGN TABLE", "VIEW", "MATER")
        ):
            older.execute(f"ALTER EXTENSION hstore ADD {member}")
    older.execute(
        "ALTER EXTENSION hstore DROP FUNCTION avals(hstore);"
        "REVOKE EXECUTE ON FUNCTION akeys(hstore) FROM PUBLIC"
    )
    back("ALTER EXTENSION hstore UPDATE")


@pytest.mark.parametrize(
    ("sql", "holder"),
    [
        ("CREATE TABLE shop.held AS SELECT 'a=>1'::hstore AS h", "table shop.held"),
        ("ALTER EXTENSION hstore ADD TABLE shop.orders", "table shop.orders"),
        ("ALTER EXTENSION hstore ADD SEQUENCE shop.counter", "sequence shop.counter"),
    ],
)
def test_an_updated_extension_that_holds_something_is_left_and_named(
    sql, holder, older, guarded, store, dsn
):
    older.execute(sql)
    guarded().cursor().execute("ALTER EXTENSION hstore UPDATE; DROP TABLE shop.logs")
    after = older.state
    snapshot = backstop.snapshots.list(store)[-1]
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert not report.complete
    assert (
        "The extension hstore is left in the version that it has, with all that belongs to it: "
        f"no update of it leads back, and the {holder} depends on it."
    ) in report.plan.notes
    assert "table shop.logs" in report.created
    older.execute("DROP TABLE shop.logs")
    assert older.state == after


def test_an_extension_with_a_script_that_leads_back_is_updated_in_place(members, back):
    if members.connection.server_version < 180000:
        pytest.skip("on this server nobody can add an extension for a test")
    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "extension")
        scripts.mkdir()
        Path(folder).chmod(0o755)
        texts = {
            "rates.control": "default_version = '1'",
            "rates--1.sql": "CREATE TYPE rate AS (a int); CREATE TABLE rates (r rate);",
            "rates--1--2.sql": "CREATE TABLE more (r rate); DROP TABLE rates;",
            "rates--2--1.sql": "DROP TABLE more; CREATE TABLE rates (r rate);",
        }
        for name, text in texts.items():
            scripts.joinpath(name).write_text(text)
        name = members.connection.info.dbname
        members.execute(f"ALTER DATABASE {name} SET extension_control_path = '{folder}:$system'")
        members.execute(
            f"SET extension_control_path = '{folder}:$system'; CREATE EXTENSION rates;"
            "INSERT INTO rates VALUES (ROW(1)); CREATE TABLE held AS SELECT r FROM rates"
        )
        report = back("ALTER EXTENSION rates UPDATE TO '2'")
        assert report.renamed == ["ALTER EXTENSION rates UPDATE TO E'1'"]
        assert members.rows("SELECT (r).a FROM rates") == [(1,)]
