"""What ALTER TABLE … DISABLE TRIGGER ALL switches off is on again, and what was off is off.

A dump doesn't tell it of the server's own triggers, which keep foreign keys and deferred keys.
"""

from __future__ import annotations

import os

import pytest
from psycopg2.extensions import make_dsn

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA "Shop's";
SET search_path = "Shop's";
CREATE TABLE customers (id int PRIMARY KEY, boss int REFERENCES customers);
CREATE TABLE "Orders ü" (id int PRIMARY KEY, n int UNIQUE DEFERRABLE INITIALLY DEFERRED,
    customer int NOT NULL CONSTRAINT "of 'whom'" REFERENCES customers
        ON DELETE CASCADE ON UPDATE SET NULL,
    EXCLUDE USING btree (n WITH =) DEFERRABLE);
CREATE TABLE logs (id int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES IN (1);
CREATE TABLE logs_2 PARTITION OF logs FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE logs_2_1 PARTITION OF logs_2 DEFAULT;
ALTER TABLE logs ADD order_id int REFERENCES "Orders ü";
CREATE TABLE notes (id int, log int, day int, FOREIGN KEY (log, day) REFERENCES logs);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER INSERT ON "Orders ü" FOR EACH ROW EXECUTE FUNCTION noted();
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON logs DEFERRABLE FOR EACH ROW
    EXECUTE FUNCTION noted();
INSERT INTO customers SELECT g, NULLIF(g - 1, 0) FROM generate_series(1, 9) AS g;
INSERT INTO "Orders ü" SELECT g, g, g FROM generate_series(1, 9) AS g;
INSERT INTO logs SELECT g, 1 + g % 2, g FROM generate_series(1, 9) AS g;
INSERT INTO notes SELECT g, g, 1 + g % 2 FROM generate_series(1, 9) AS g;
RESET search_path;
"""

TABLES = ["customers", '"Orders ü"', "logs", "logs_1", "logs_2", "notes"]
OFF = "".join(f"""ALTER TABLE "Shop's".{table} DISABLE TRIGGER ALL;""" for table in TABLES)


class Switches:
    """A database with keys of all kinds; ``state`` is its dump, and how its triggers are."""

    def __init__(self, connection, dsn):
        self.dsn = dsn
        self.connection = connection
        connection.autocommit = True
        self.execute(SHOP)

    def execute(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    @property
    def state(self):
        with self.connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT t.tgrelid::regclass::text, p.proname, t.tgenabled,
                       CASE WHEN t.tgisinternal THEN pg_get_constraintdef(t.tgconstraint) END,
                       count(*)
                FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
                """
            )
            return dump(self.dsn), cursor.fetchall()

    def single(self, table, function):
        """Return the name of one of the server's own triggers."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                "WHERE t.tgrelid = %s::regclass AND p.proname = %s ORDER BY 1 LIMIT 1",
                (table, function),
            )
            return cursor.fetchone()[0]


@pytest.fixture
def switches(connect, dsn):
    return Switches(connect(), dsn)


@pytest.fixture
def back(switches, guarded, store, dsn):
    """Give a function that runs a statement, restores it twice, and compares the whole state."""

    def round_trip(sql):
        before = switches.state
        connection = guarded(snapshot_at="LOW")
        connection.cursor().execute(sql)
        connection.close()
        assert switches.state != before, "the statement changed nothing"
        snapshot = backstop.snapshots.list(store)[-1]
        report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
        assert switches.state == before
        again = backstop.restore(snapshot.id, storage=store, dsn=dsn)
        assert switches.state == before
        assert report.complete, report.problems or report.conflicts
        assert again.complete, again.problems or again.conflicts
        return report

    return round_trip


@pytest.mark.parametrize("table", TABLES)
def test_what_was_switched_off_is_on_again(table, back):
    back(f"""ALTER TABLE "Shop's".{table} DISABLE TRIGGER ALL""")


@pytest.mark.parametrize("table", TABLES)
def test_what_was_switched_on_is_off_again(table, switches, back):
    switches.execute(OFF)
    back(f"""ALTER TABLE "Shop's".{table} ENABLE TRIGGER ALL""")


@pytest.mark.parametrize("state", ["DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA"])
def test_a_single_trigger_of_a_key_is_as_it_was(state, switches, back):
    table = """"Shop's"."Orders ü\""""
    name = switches.single(table, "RI_FKey_check_upd")
    back(f'ALTER TABLE {table} {state} TRIGGER "{name}"')
    switches.execute(f'ALTER TABLE {table} {state} TRIGGER "{name}"')
    back(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


@pytest.mark.parametrize(
    "sql",
    [
        *(f"""DROP TABLE "Shop's".{table} CASCADE""" for table in TABLES),
        """DROP SCHEMA "Shop's" CASCADE""",
        """ALTER TABLE "Shop's"."Orders ü" DROP CONSTRAINT "of 'whom'\"""",
        """ALTER TABLE "Shop's"."Orders ü" DROP COLUMN customer""",
        """DELETE FROM "Shop's".notes;
        ALTER TABLE "Shop's".logs DETACH PARTITION "Shop's".logs_1""",
        """ALTER TABLE "Shop's"."Orders ü" RENAME TO orders""",
        """ALTER TABLE "Shop's".customers DROP CONSTRAINT customers_pkey CASCADE""",
        """DELETE FROM "Shop's".customers WHERE id = 1""",
        """UPDATE "Shop's".customers SET id = id + 100""",
    ],
)
def test_what_was_off_comes_back_switched_off(sql, switches, back):
    switches.execute(OFF)
    back(sql)


def test_a_key_that_steps_aside_for_rows_is_switched_off_again(switches, back):
    switches.execute(
        """ALTER TABLE "Shop's".notes
        ADD FOREIGN KEY (id) REFERENCES "Shop's".customers NOT VALID"""
    )
    switches.execute(OFF)
    back("""DELETE FROM "Shop's".notes WHERE id > 3""")


def test_rows_that_break_a_key_that_was_off_come_back_with_it(switches, guarded, store, dsn):
    switches.execute("""CREATE TABLE "Shop's".lines (id int REFERENCES "Shop's".customers)""")
    switches.execute("""ALTER TABLE "Shop's".lines DISABLE TRIGGER ALL""")
    switches.execute("""INSERT INTO "Shop's".lines VALUES (99)""")
    guarded().cursor().execute("""DROP TABLE "Shop's".lines""")
    snapshot = backstop.snapshots.list(store)[-1]
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert [table.inserted for table in report.tables] == [1]
    assert len(report.problems) == 1
    assert "is NOT VALID now" in report.problems[0]


def test_what_an_ordinary_role_cannot_switch_is_told_beforehand(
    switches, guarded, store, dsn, postgres_maintenance
):
    role = f"switches_{os.getpid()}"
    with postgres_maintenance.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN")
    try:
        switches.execute(
            f"""ALTER SCHEMA "Shop's" OWNER TO {role}; ALTER TABLE "Shop's".notes OWNER TO {role};
            GRANT ALL ON "Shop's".logs TO {role};
            ALTER TABLE "Shop's".notes DISABLE TRIGGER ALL"""
        )
        guarded().cursor().execute("""DROP TABLE "Shop's".notes""")
        snapshot = backstop.snapshots.list(store)[-1]
        report = backstop.restore(snapshot.id, storage=store, dsn=make_dsn(dsn, user=role))
        notes = [note for note in report.plan.notes if "only a superuser can switch" in note]
        assert len(notes) == 1
        assert len(report.problems) == 1
        assert "switch of foreign key" in report.problems[0]
        assert not report.complete
    finally:
        switches.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
