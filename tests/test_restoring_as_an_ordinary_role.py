"""What a role without superuser rights can't restore is told before it begins."""

from __future__ import annotations

import contextlib

import pytest

import backstop

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int PRIMARY KEY);
INSERT INTO shop.orders VALUES (1);
CREATE TABLE shop.lines (id int);
CREATE OPERATOR FAMILY shop.numbers USING btree;
CREATE FUNCTION shop.one(int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'int4abs';
"""


@pytest.fixture
def role(postgres_maintenance, connect):
    name = f"ordinary_{connect().info.dbname}"
    cursor = postgres_maintenance.cursor()
    cursor.execute(f"CREATE ROLE {name} LOGIN")
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(SHOP)
    yield name
    with contextlib.suppress(Exception):
        setup.cursor().execute(f"DROP OWNED BY {name}")
    cursor.execute(f"DROP ROLE {name}")


@pytest.fixture
def notes(guarded, store, connect, role):
    """Give a function that runs a statement, and gives what the plan as the role says."""

    def read(sql, before=""):
        if before:
            setup = connect()
            setup.autocommit = True
            setup.cursor().execute(before.format(role=role))
        guarded().cursor().execute(sql)
        snapshot = backstop.snapshots.list(store)[-1]
        report = backstop.restore(snapshot.id, storage=store, conn=connect(user=role), dry_run=True)
        return [
            note.partition(f"As role {role}: ")[2] for note in report.plan.notes if role in note
        ]

    return read


def test_a_schema_that_only_superusers_could_fill(notes):
    assert notes("DROP SCHEMA shop CASCADE", "REVOKE CREATE ON SCHEMA public FROM PUBLIC") == [
        "only a superuser can create function shop.one(integer), operator family shop.numbers "
        "USING btree, so all of it would be refused. Restore as a superuser.",
        "schemas can't be created in this database (shop), so all of it would be refused. "
        "GRANT CREATE ON DATABASE to the role first.",
        "nothing can be given to its owner postgres; what belonged to that role stays with this "
        "one, and is reported.",
    ]


def test_a_schema_in_which_nothing_can_be_created(notes):
    found = notes("DROP TABLE shop.orders", "ALTER TABLE shop.orders OWNER TO {role}")
    assert found == [
        "nothing can be created in the schema shop, so all of it would be refused. "
        "GRANT CREATE ON SCHEMA to the role first."
    ]


def test_rows_of_a_table_that_belongs_to_another(notes):
    assert notes("DELETE FROM shop.orders") == [
        "shop.orders belongs to another role, and only the owner can put rows back without "
        "setting off triggers and keys. Restore as the owner."
    ]


def test_a_superuser_and_an_owner_are_told_nothing(notes, guarded, store, dsn):
    everything = (
        "GRANT ALL ON SCHEMA shop TO {role}; ALTER TABLE shop.orders OWNER TO {role};"
        "ALTER TABLE shop.lines OWNER TO {role}"
    )
    assert notes("DROP TABLE shop.orders, shop.lines", everything) == []
    snapshot = backstop.snapshots.list(store)[-1]
    plan = backstop.restore(snapshot.id, storage=store, dsn=dsn, dry_run=True).plan
    assert not [note for note in plan.notes if "As role" in note]
