"""Code that nobody can read: mode "block" lets it run, refuses it, or looks at what it does.

A language of another name with the handler of PL/pgSQL stands for every language that can't be
read: what is written in it does what it says, and nobody but the server knows.
"""

from __future__ import annotations

import io

import pytest

import backstop
from testing.dumps import dump
from testing.server_log import ServerLog

pytestmark = pytest.mark.proof

SHOP = """
CREATE LANGUAGE secret HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler
    VALIDATOR plpgsql_validator;
CREATE TABLE item (id int PRIMARY KEY, n int);
INSERT INTO item SELECT g, g FROM generate_series(1, 50) AS g;
CREATE TABLE big (id int PRIMARY KEY, n int);
INSERT INTO big SELECT g, g FROM generate_series(1, 3000) AS g;
CREATE TABLE spare (id int);
CREATE TABLE log (id int);
CREATE SEQUENCE runs;

CREATE FUNCTION look() RETURNS bigint LANGUAGE secret AS
    $$ BEGIN RETURN (SELECT count(*) FROM item); END $$;
CREATE FUNCTION note() RETURNS bigint LANGUAGE secret AS
    $$ BEGIN INSERT INTO log VALUES (1); RETURN nextval('runs'); END $$;
CREATE FUNCTION wipe() RETURNS void LANGUAGE secret AS $$ BEGIN DELETE FROM item; END $$;
CREATE FUNCTION empty() RETURNS void LANGUAGE secret AS $$ BEGIN TRUNCATE item; END $$;
CREATE FUNCTION remove() RETURNS void LANGUAGE secret AS $$ BEGIN DROP TABLE spare; END $$;
CREATE FUNCTION strip() RETURNS void LANGUAGE secret AS
    $$ BEGIN ALTER TABLE item DROP COLUMN n; END $$;
CREATE FUNCTION rewrite() RETURNS void LANGUAGE secret AS
    $$ BEGIN ALTER TABLE item ALTER n TYPE text; END $$;
CREATE FUNCTION thin() RETURNS void LANGUAGE secret AS
    $$ BEGIN DELETE FROM big WHERE id > 1000; END $$;
CREATE FUNCTION half() RETURNS void LANGUAGE secret AS
    $$ BEGIN UPDATE big SET n = 0 WHERE id < 901; UPDATE big SET n = 0 WHERE id > 2899; END $$;
CREATE FUNCTION add_column() RETURNS void LANGUAGE secret AS
    $$ BEGIN ALTER TABLE item ADD COLUMN m int; CREATE INDEX ON item (n); END $$;
CREATE PROCEDURE wipe_by_call() LANGUAGE secret AS $$ BEGIN DELETE FROM item; END $$;
CREATE PROCEDURE commits() LANGUAGE secret AS
    $$ BEGIN INSERT INTO log VALUES (1); COMMIT; INSERT INTO log VALUES (2); END $$;
CREATE FUNCTION wipes() RETURNS trigger LANGUAGE secret AS
    $$ BEGIN DELETE FROM item; RETURN NEW; END $$;
CREATE TABLE watched (id int);
CREATE TRIGGER wiping BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION wipes();
CREATE FUNCTION leads() RETURNS void LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION thins() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN DELETE FROM big WHERE id > 1000; END $$;
CREATE VIEW seen AS SELECT look() AS n;
"""

OPAQUE = [
    ("SELECT look()", r"public\.look\(\) is code in secret"),
    ("SELECT * FROM seen", r"public\.seen leads to public\.look\(\), which is code in secret"),
    ("SELECT leads()", r"public\.leads\(\) leads to public\.wipe\(\), which is code in secret"),
    ("CALL wipe_by_call()", r"public\.wipe_by_call\(\) is code in secret"),
    ("DO LANGUAGE secret $$ BEGIN PERFORM note(); END $$", "DO block"),
    ("SELECT nobody_knows()", r"nobody_knows\(\) is not known"),
    ("INSERT INTO watched VALUES (1)", r"INSERT on public\.watched leads to public\.wipes\(\)"),
    ("EXECUTE nothing", "EXECUTE"),
    ("DECLARE c CURSOR FOR SELECT look()", r"public\.look\(\) is code in secret"),
]
DESTROYING = [
    ("SELECT wipe()", "every row of public.item is gone"),
    ("SELECT leads()", "every row of public.item is gone"),
    ("CALL wipe_by_call()", "every row of public.item is gone"),
    ("INSERT INTO watched VALUES (1)", "every row of public.item is gone"),
    ("SELECT empty()", "public.item is emptied or rewritten"),
    ("SELECT rewrite()", "public.item is emptied or rewritten"),
    ("SELECT remove()", "public.spare is gone"),
    ("SELECT strip()", "a column of public.item is gone"),
    ("SELECT thin()", "2,000 rows"),
    ("SELECT half()", "1,001 rows"),
    # Its body can be read, and how far it reaches can't.
    ("SELECT thins()", "2,000 rows"),
    ("DO $$ BEGIN DELETE FROM big WHERE id > 1000; END $$", "2,000 rows"),
]


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    return connection.cursor()


def count(cursor, table):
    cursor.execute(f"SELECT count(*) FROM {table}")
    return cursor.fetchone()[0]


def prepared_for(sql, cursor):
    if sql.startswith("DECLARE"):
        cursor.execute("BEGIN")


@pytest.mark.parametrize(("sql", "reason"), OPAQUE, ids=[sql for sql, _ in OPAQUE])
def test_what_can_not_be_read_is_refused_if_asked_for(
    sql, reason, shop, guarded, dsn, postgres_server
):
    log = ServerLog(postgres_server, dsn)
    db = guarded(mode="block", opaque="block")
    prepared_for(sql, db.cursor())
    with pytest.raises(backstop.StatementBlocked, match=reason) as caught:
        db.cursor().execute(sql)
    assert caught.value.result.level is backstop.RiskLevel.HIGH
    assert "opaque is 'block'" in str(caught.value)
    assert "backstop.allow" in str(caught.value)
    assert sql not in log.sent()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT look()",
        "SELECT * FROM seen",
        "INSERT INTO watched VALUES (1)",
        "CALL wipe_by_call()",
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_can_not_be_read_runs_unless_asked_for(sql, guarded, caplog):
    caplog.set_level("INFO", logger="backstop.statement")
    guarded(mode="block").cursor().execute(sql)
    (record,) = [found for found in caplog.records if found.name == "backstop.statement"]
    assert record.backstop["backstop.risk.level"] == "HIGH"
    assert record.backstop["backstop.action"] == "run"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT lower('A')",
        "INSERT INTO item VALUES (100, 1)",
        "DELETE FROM item WHERE id = 1",
        "CREATE INDEX ON item (n)",
        "ALTER TABLE item ADD COLUMN m int",
        "DO $$ BEGIN INSERT INTO log VALUES (1); END $$",
        "SELECT thins()",
        "COPY log FROM STDIN",
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_can_be_read_is_not_opaque(sql, guarded):
    cursor = guarded(mode="block", opaque="block", max_rows=10**9, max_fraction=1.0).cursor()
    if sql.startswith("COPY"):
        cursor.copy_expert(sql, io.StringIO("1\n"))
    else:
        cursor.execute(sql)


def test_what_is_meant_runs_inside_allow(shop, guarded):
    db = guarded(mode="block", opaque="block")
    with backstop.allow(reason="the test means it"):
        db.cursor().execute("SELECT note()")
    assert count(shop, "log") == 1


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(("sql", "seen"), DESTROYING, ids=[sql for sql, _ in DESTROYING])
def test_a_look_refuses_what_destroys_and_leaves_nothing_of_it(
    sql, seen, autocommit, shop, guarded, dsn
):
    before = dump(dsn)
    db = guarded(mode="block", rehearse=True, autocommit=autocommit)
    with pytest.raises(backstop.StatementBlocked, match=seen) as caught:
        db.cursor().execute(sql)
    assert caught.value.result.level >= backstop.RiskLevel.IMPACT_CRITICAL
    assert "nothing of it is left" in str(caught.value)
    assert db.info.transaction_status == 0
    assert dump(dsn) == before
    db.cursor().execute("INSERT INTO log VALUES (7)")
    db.commit()
    assert count(shop, "log") == 1


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("opaque", ["allow", "block"])
def test_a_look_lets_what_is_harmless_run_once(opaque, autocommit, shop, guarded, caplog):
    caplog.set_level("INFO", logger="backstop.statement")
    db = guarded(mode="block", rehearse=True, opaque=opaque, autocommit=autocommit)
    cursor = db.cursor()
    cursor.execute("SELECT note()")
    assert cursor.fetchone() == (1,)
    assert cursor.rowcount == 1
    cursor.execute("SELECT add_column()")
    cursor.execute("DO $$ BEGIN INSERT INTO log VALUES (2); END $$")
    db.commit()
    assert count(shop, "log") == 2
    shop.execute("SELECT last_value FROM runs")
    assert shop.fetchone() == (1,)
    assert {record.backstop["backstop.action"] for record in caplog.records} == {"run"}


def test_a_refused_look_leaves_the_transaction_around_it(shop, guarded):
    db = guarded(mode="block", rehearse=True, autocommit=False)
    cursor = db.cursor()
    cursor.execute("INSERT INTO log VALUES (1)")
    cursor.execute("SAVEPOINT mine")
    with pytest.raises(backstop.StatementBlocked):
        cursor.execute("SELECT wipe()")
    cursor.execute("INSERT INTO log VALUES (2)")
    cursor.execute("ROLLBACK TO mine")
    db.commit()
    assert (count(shop, "log"), count(shop, "item")) == (1, 50)


def test_a_refused_look_leaves_open_large_objects_where_they_stood(shop, guarded):
    shop.execute("SELECT lo_from_bytea(0, 'photograph')")
    (number,) = shop.fetchone()
    db = guarded(mode="block", rehearse=True, autocommit=False)
    cursor = db.cursor()
    cursor.execute("SELECT lo_open(%s, 262144)", (number,))
    with pytest.raises(backstop.StatementBlocked):
        cursor.execute("SELECT loread(0, 5), wipe()")
    cursor.execute("SELECT lo_tell(0)")
    assert cursor.fetchone() == (0,)


def test_the_notices_of_a_refused_look_are_not_kept(shop, guarded):
    shop.execute(
        "CREATE FUNCTION tells() RETURNS void LANGUAGE secret AS"
        " $$ BEGIN RAISE NOTICE 'told'; TRUNCATE item; END $$"
    )
    db = guarded(mode="block", rehearse=True)
    with pytest.raises(backstop.StatementBlocked):
        db.cursor().execute("SELECT tells()")
    assert db.notices == []


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_statement_that_fails_under_a_look_fails_as_without_guard(autocommit, shop, guarded):
    shop.execute(
        "CREATE FUNCTION fails() RETURNS int LANGUAGE secret AS $$ BEGIN RETURN 1 / 0; END $$"
    )
    db = guarded(mode="block", rehearse=True, autocommit=autocommit)
    with pytest.raises(Exception, match="division by zero"):
        db.cursor().execute("SELECT fails()")
    assert db.info.transaction_status == (0 if autocommit else 3)
    db.rollback()
    db.cursor().execute("SELECT note()")
    with pytest.raises(Exception, match="nobody_knows"):
        db.cursor().execute("SELECT nobody_knows()")


@pytest.mark.parametrize("opaque", ["allow", "block"])
def test_a_procedure_that_commits_can_not_be_looked_at(opaque, shop, guarded):
    db = guarded(mode="block", rehearse=True, opaque=opaque)
    if opaque == "block":
        with pytest.raises(backstop.StatementBlocked, match=r"public\.commits\(\) is code in"):
            db.cursor().execute("CALL commits()")
        assert count(shop, "log") == 0
    else:
        db.cursor().execute("CALL commits()")
        assert count(shop, "log") == 2


@pytest.mark.parametrize(
    "sql",
    [
        "DECLARE c CURSOR FOR SELECT look()",
        "PREPARE p AS SELECT look()",
        "BEGIN; SELECT look(); COMMIT",
        "COPY (SELECT look()) TO STDOUT",
        "SELECT reaches()",
        "SELECT reaches_by_name()",
    ],
)
@pytest.mark.parametrize("opaque", ["allow", "block"])
def test_what_can_not_be_taken_back_is_not_looked_at(sql, opaque, shop, guarded, dsn):
    shop.execute(
        "CREATE FUNCTION dblink_exec(text) RETURNS text LANGUAGE secret AS"
        " $$ BEGIN PERFORM nextval('runs'); RETURN $1; END $$;"
        "CREATE FUNCTION reaches() RETURNS text LANGUAGE sql AS $$ SELECT dblink_exec('x') $$;"
        "CREATE FUNCTION reaches_by_name() RETURNS text LANGUAGE sql AS 'SELECT reaches()'"
    )
    db = guarded(mode="block", rehearse=True, opaque=opaque)
    cursor = db.cursor()
    prepared_for(sql, cursor)

    def run():
        if sql.startswith("COPY"):
            cursor.copy_expert(sql, io.StringIO())
        else:
            cursor.execute(sql)

    if opaque == "allow":
        run()
    else:
        with pytest.raises(backstop.StatementBlocked, match="opaque is 'block'"):
            run()
        shop.execute("SELECT is_called FROM runs")
        assert shop.fetchone() == (False,)


@pytest.mark.parametrize("mode", ["monitor", "protect"])
def test_the_other_modes_run_what_can_not_be_read(mode, shop, guarded, dsn, postgres_server):
    log = ServerLog(postgres_server, dsn)
    db = guarded(mode=mode, opaque="block", rehearse=True, on_snapshot_failure="log")
    db.cursor().execute("SELECT note()")
    assert "SELECT note()" in log.sent()
    assert count(shop, "log") == 1


def test_a_protected_table_is_seen_in_a_look(shop, guarded):
    shop.execute(
        "CREATE FUNCTION one() RETURNS void LANGUAGE secret AS"
        " $$ BEGIN DELETE FROM item WHERE id = 1; END $$"
    )
    guarded(mode="block", rehearse=True).cursor().execute("SELECT one()")
    db = guarded(mode="block", rehearse=True, protected_tables=["item"])
    shop.execute("INSERT INTO item VALUES (1, 1)")
    with pytest.raises(backstop.StatementBlocked, match="protected table"):
        db.cursor().execute("SELECT one()")
    assert count(shop, "item") == 50


def test_a_look_that_can_not_see_refuses(shop, guarded, monkeypatch):
    db = guarded(mode="block", rehearse=True)
    db.cursor().execute("SELECT note()")

    def refuse(session, first):
        session.fetch(f"{first}; SELECT (1 / 0)::text" if first else "SELECT (1 / 0)::text")

    monkeypatch.setattr("backstop.postgres.transaction.counters.look", refuse)
    with pytest.raises(backstop.StatementBlocked, match="what it did can't be seen"):
        db.cursor().execute("SELECT note()")
    assert db.info.transaction_status == 0
    assert count(shop, "log") == 1


@pytest.mark.parametrize("opaque", ["allow", "block"])
def test_where_the_catalog_can_not_be_read_nothing_is_looked_at(opaque, shop, guarded, monkeypatch):
    db = guarded(mode="block", rehearse=True, opaque=opaque, autocommit=False)

    def refuse(session):
        session.fetch("SELECT (1 / 0)::text")

    monkeypatch.setattr("backstop.postgres.presence.look", refuse)
    if opaque == "allow":
        db.cursor().execute("SELECT note()")
        db.commit()
    else:
        with pytest.raises(backstop.StatementBlocked, match="opaque is 'block'"):
            db.cursor().execute("SELECT note()")
    assert count(shop, "log") == (1 if opaque == "allow" else 0)


def test_the_catalog_is_read_whatever_timeout_the_application_has(shop, guarded):
    shop.execute(
        "CREATE FUNCTION plain() RETURNS void LANGUAGE sql AS 'DELETE FROM item';"
        "DO $$ BEGIN FOR n IN 1 .. 4000 LOOP EXECUTE format("
        "'CREATE FUNCTION f%s() RETURNS int LANGUAGE sql AS ''SELECT 1''', n); END LOOP; END $$"
    )
    cursor = guarded(mode="block").cursor()
    cursor.execute("SET statement_timeout = '15ms'")
    with pytest.raises(backstop.StatementBlocked):
        cursor.execute("SELECT plain()")
    cursor.execute("SHOW statement_timeout")
    assert cursor.fetchone() == ("15ms",)
