"""What only adds to a schema is not looked at: nothing that was there goes, or is replaced."""

from __future__ import annotations

import pytest

import backstop
from backstop.running.protection import Protection

pytestmark = pytest.mark.proof

ADDITIONS = [
    "ALTER TABLE item ADD COLUMN b int",
    "ALTER TABLE item ADD COLUMN b int DEFAULT 5 NOT NULL, ADD c varchar(30)",
    "ALTER TABLE item ADD COLUMN IF NOT EXISTS b timestamptz DEFAULT now()",
    "ALTER TABLE line ADD CONSTRAINT f FOREIGN KEY (item) REFERENCES item (id) ON DELETE CASCADE",
    "ALTER TABLE line ADD CONSTRAINT u UNIQUE (item), ADD CHECK (item > 0)",
    "CREATE INDEX i ON line (item)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON line (item) WHERE item IS NOT NULL",
    "CREATE VIEW w AS SELECT * FROM item",
    "CREATE POLICY p ON item USING (true)",
    "CREATE TRIGGER t BEFORE INSERT ON item EXECUTE FUNCTION harmless()",
    "ALTER TYPE state ADD VALUE 'open' BEFORE 'done'",
]
CHANGES = [
    "ALTER TABLE line ADD PRIMARY KEY (item)",
    "ALTER TABLE line ADD CONSTRAINT k UNIQUE USING INDEX line_item",
    "ALTER TABLE line ALTER COLUMN item SET NOT NULL",
    "ALTER TABLE line ADD COLUMN b int, ALTER COLUMN item SET DEFAULT 4",
    "ALTER TABLE line ADD b int, DROP CONSTRAINT positive",
    "CREATE OR REPLACE VIEW v AS SELECT id FROM item WHERE id > 1",
]
WIPES = [
    "ALTER TABLE line ADD COLUMN b int DEFAULT wipe()",
    "ALTER TABLE line ADD COLUMN b wiping",
    "ALTER TABLE line ADD CHECK (wipe() > 0)",
    "CREATE INDEX i ON line (constantly(item))",
    "CREATE INDEX i ON line (item) WHERE constantly(item) > 0",
]


@pytest.fixture
def shop(connect):
    """A cursor, in autocommit, of a database with two tables, a view, and functions that delete."""
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(
        """
        CREATE TABLE item (id int PRIMARY KEY);
        INSERT INTO item VALUES (1), (2), (3);
        CREATE TABLE line (item int CONSTRAINT positive CHECK (item > -1));
        INSERT INTO line VALUES (1);
        CREATE UNIQUE INDEX line_item ON line (item);
        CREATE VIEW v AS SELECT id FROM item;
        CREATE FUNCTION harmless() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS
            'BEGIN DELETE FROM public.item; RETURN 1; END';
        CREATE FUNCTION constantly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
            'BEGIN RETURN public.wipe(); END';
        CREATE TYPE state AS ENUM ('done');
        CREATE DOMAIN wiping AS int CHECK (wipe() > 0);
        """
    )
    return connection.cursor()


@pytest.fixture
def looked_at(monkeypatch):
    """The statements that were run under a look."""
    found = []
    watch = Protection.watch

    def noting(self, request, execution, judge):
        found.append(request.sql)
        return watch(self, request, execution, judge)

    monkeypatch.setattr(Protection, "watch", noting)
    return found


@pytest.mark.parametrize("sql", ADDITIONS)
@pytest.mark.usefixtures("shop")
def test_an_addition_just_runs(sql, guarded, looked_at, store):
    guarded().cursor().execute(sql)
    assert looked_at == []
    assert backstop.snapshots.list(store) == []


@pytest.mark.usefixtures("shop")
def test_a_new_value_of_a_new_type_can_be_used_in_its_transaction(guarded):
    db = guarded(autocommit=False)
    if db.info.server_version < 170000:
        pytest.skip("before version 17 no server lets it be used")
    cursor = db.cursor()
    cursor.execute("CREATE TYPE size AS ENUM ('small')")
    cursor.execute("ALTER TYPE size ADD VALUE 'large'")
    cursor.execute("SELECT 'large'::size")
    assert cursor.fetchone() == ("large",)


@pytest.mark.parametrize("sql", CHANGES)
@pytest.mark.usefixtures("shop")
def test_what_changes_or_replaces_is_looked_at(sql, guarded, looked_at):
    guarded().cursor().execute(sql)
    assert looked_at == [sql]


@pytest.mark.parametrize("sql", WIPES)
@pytest.mark.usefixtures("shop")
def test_an_addition_that_runs_code_is_saved_from(sql, guarded, store):
    guarded().cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert {"public.item": 3}.items() <= rows_of(snapshot.id, store).items()


def rows_of(snapshot, store):
    shown = backstop.snapshots.show(snapshot, store)
    return {f"{table.schema}.{table.name}": table.rows for table in shown.manifest.tables}


@pytest.mark.parametrize("event", ["ddl_command_start", "ddl_command_end"])
@pytest.mark.parametrize("sql", ADDITIONS[0:6:5])
def test_event_triggers_are_looked_at(sql, event, shop, guarded, store):
    shop.execute(
        "CREATE FUNCTION wiping() RETURNS event_trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM public.item; END'"
    )
    shop.execute(f"CREATE EVENT TRIGGER e ON {event} EXECUTE FUNCTION wiping()")
    guarded().cursor().execute(sql)
    shop.execute("SELECT count(*) FROM item")
    gone = 3 - shop.fetchone()[0]
    assert sum(one.rows for one in backstop.snapshots.list(store)) == gone


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE other (a int)", "COMMENT ON TABLE item IS 'x'", "CREATE SCHEMA other"]
)
def test_event_triggers_that_delete_by_a_condition_are_looked_at(sql, shop, guarded, store):
    shop.execute(
        "INSERT INTO item SELECT generate_series(4, 3000);"
        "CREATE FUNCTION thinning() RETURNS event_trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM public.item WHERE id > 3; END';"
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION thinning()"
    )
    guarded().cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert snapshot.rows == 2997
