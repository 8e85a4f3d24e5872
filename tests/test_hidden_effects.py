"""What a write leads to is judged before it runs: triggers, rules, event triggers.

The referee is the server: what empties the table must be CRITICAL.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import backstop
from backstop.assessment import Assessment, Measure
from backstop.drivers.psycopg2 import Psycopg2Session
from backstop.settings import Thresholds
from backstop.statement import Statement
from testing.dumps import dump
from testing.postgres import filled_database
from testing.server_log import ServerLog
from testing.tables import read_table

pytestmark = pytest.mark.proof

DATA = Path(__file__).parent / "data"
TABLE = read_table(DATA / "triggers.tsv")


@pytest.fixture(scope="module")
def database(postgres_server, postgres_maintenance):
    """A connection to the database of triggers.sql, which no test changes."""
    script = DATA / "triggers.sql"
    with filled_database(postgres_server, postgres_maintenance, script) as connection:
        yield connection


@pytest.fixture
def connection(database):
    yield database
    database.rollback()


def assessed(connection, sql, triggers_from=backstop.RiskLevel.HIGH):
    session = Psycopg2Session(connection)
    assessment = Assessment(session, Thresholds(max_rows=10**9), triggers_from)
    statement = Statement(sql, lambda: sql)
    return assessment.assess(statement, backstop.classify(sql), Measure.NOTHING)[0]


@pytest.mark.parametrize(("level", "sql"), TABLE)
def test_a_write_has_the_level_of_what_it_leads_to(level, sql, connection):
    result = assessed(connection, sql)
    assert result.level.value == level, result.reason
    assert all(0 <= found.start <= found.end <= len(sql) for found in result.findings)


@pytest.mark.parametrize(("level", "sql"), TABLE)
def test_the_server_agrees(level, sql, connection):
    cursor = connection.cursor()
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    if sql.startswith("COPY"):
        cursor.copy_expert(sql, io.BytesIO() if "TO STDOUT" in sql else io.BytesIO(b"1\t\\N\n"))
    else:
        cursor.execute(sql)
    if sql.startswith("PREPARE"):
        cursor.execute("EXECUTE p")
    cursor.execute("SELECT count(*) FROM item")
    (rows,) = cursor.fetchone()
    cursor.execute("DEALLOCATE ALL")
    assert (rows == 0) == (level == "CRITICAL")


def test_protect_counts_triggers_only_where_they_destroy(connection):
    critical = backstop.RiskLevel.CRITICAL
    for level, sql in (("LOW", "INSERT INTO logged VALUES (1)"),
                       ("CRITICAL", "INSERT INTO on_insert VALUES (1)")):  # fmt: skip
        assert assessed(connection, sql, critical).level.value == level


def test_the_reason_leads_from_the_write_to_what_it_does(connection):
    assert assessed(connection, "INSERT INTO feeding VALUES (1)").reason.startswith(
        "INSERT on public.feeding leads to public.wipes(), which does this: DELETE on item"
    )


@pytest.fixture
def shop(connect):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute((DATA / "triggers.sql").read_text(encoding="utf-8"))
    return connection.cursor()


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "sql", ["INSERT INTO on_insert VALUES (1)", "INSERT INTO ruled VALUES (1)"]
)
def test_block_sends_nothing_of_a_write_whose_trigger_destroys(
    sql, autocommit, shop, guarded, dsn, postgres_server
):
    before = dump(dsn)
    log = ServerLog(postgres_server, dsn)
    db = guarded(mode="block", autocommit=autocommit)
    with pytest.raises(backstop.StatementBlocked, match="DELETE on"):
        db.cursor().execute(sql)
    assert db.info.transaction_status == 0
    assert sql not in log.sent()
    assert dump(dsn) == before


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO on_insert VALUES (1)",
        "INSERT INTO by_text VALUES (1)",
        "INSERT INTO ruled VALUES (1)",
        "UPDATE on_update SET at = now() WHERE id = 1",
        "DELETE FROM parent WHERE id = 1",
    ],
)
def test_protect_saves_what_the_trigger_of_a_small_write_destroys(
    sql, autocommit, shop, guarded, store, dsn
):
    db = guarded(autocommit=autocommit)
    db.cursor().execute(sql)
    db.commit()
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (0,)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.level == "CRITICAL"
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (5,)


@pytest.mark.parametrize("mode", ["protect", "block"])
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO logged VALUES (%s)",
        "INSERT INTO stamped VALUES (%s)",
        "DELETE FROM stamped WHERE id = %s",
        "UPDATE stamped SET at = now() WHERE id = %s",
    ],
)
def test_a_known_text_costs_no_question_for_its_triggers(
    sql, mode, shop, guarded, dsn, postgres_server
):
    log = ServerLog(postgres_server, dsn)
    cursor = guarded(mode=mode).cursor()
    cursor.execute(sql, (100,))
    asked = len(log.ours())
    for number in range(101, 106):
        cursor.execute(sql, (number,))
    assert len(log.ours()) == asked


def test_a_trigger_that_the_connection_creates_is_known_at_once(shop, guarded):
    cursor = guarded(mode="block").cursor()
    cursor.execute("INSERT INTO plain VALUES (50)")
    cursor.execute(
        "CREATE TRIGGER late BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION wipes()"
    )
    with pytest.raises(backstop.StatementBlocked, match=r"leads to public\.wipes"):
        cursor.execute("INSERT INTO plain VALUES (50)")
    cursor.execute("ALTER TABLE plain DISABLE TRIGGER late")
    cursor.execute("INSERT INTO plain VALUES (51)")


EVENT = """
CREATE FUNCTION wiping() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN DELETE FROM item; END $$;
CREATE EVENT TRIGGER wiping ON {}  EXECUTE FUNCTION wiping();
"""


@pytest.mark.parametrize(
    ("event", "sql", "destroys"),
    [
        ("ddl_command_end", "CREATE TABLE fresh (id int)", True),
        ("ddl_command_start", "CREATE INDEX ON plain (at)", True),
        ("ddl_command_end", "SELECT id INTO fresh FROM plain", True),
        ("ddl_command_end", "COMMENT ON TABLE plain IS 'x'", True),
        ("ddl_command_end WHEN TAG IN ('CREATE VIEW')", "CREATE TEMP VIEW v AS SELECT 1", True),
        ("ddl_command_end WHEN TAG IN ('CREATE VIEW')", "CREATE TABLE fresh (id int)", False),
        ("sql_drop", "DROP VIEW over", True),
        ("sql_drop", "CREATE TABLE fresh (id int)", False),
        ("ddl_command_end", "INSERT INTO plain VALUES (60)", False),
        ("ddl_command_end", "DO $$ BEGIN CREATE TABLE fresh (id int); END $$", True),
    ],
)
def test_a_definition_has_the_level_of_its_event_triggers(event, sql, destroys, shop, guarded):
    shop.execute(EVENT.format(event))
    cursor = guarded(mode="block").cursor()
    if destroys:
        with pytest.raises(backstop.StatementBlocked, match=r"public\.wiping\(\)"):
            cursor.execute(sql)
        # The server agrees that it would have.
        shop.execute("SELECT count(*) FROM item")
        assert shop.fetchone() == (5,)
        shop.execute(sql)
    else:
        cursor.execute(sql)
    shop.execute("SELECT count(*) FROM item")
    assert shop.fetchone() == (0 if destroys else 5,)
