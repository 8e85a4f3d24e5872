"""DROP DATABASE: the whole database is saved over a connection of its own, and comes back."""

from __future__ import annotations

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

import backstop
from testing.dumps import dump
from testing.many_objects import many_objects

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL);
INSERT INTO shop.customers (name) SELECT 'n' || g FROM generate_series(1, 50) AS g;
CREATE VIEW public.names AS SELECT name FROM shop.customers;
CREATE TABLE public.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers);
INSERT INTO public.orders SELECT g, g FROM generate_series(1, 50) AS g;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
COMMENT ON SCHEMA public IS 'ours';
SELECT lo_from_bytea(5001, 'a photograph'), lo_from_bytea(5002, '');
GRANT SELECT ON LARGE OBJECT 5001 TO PUBLIC;
COMMENT ON LARGE OBJECT 5002 IS 'nothing yet';
"""


@pytest.fixture
def database(dsn, postgres_maintenance):
    """Give the DSN of a second database, with rows in it."""
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"] + ' "Shop"'
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = postgres_maintenance.cursor()
    cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0 CONNECTION LIMIT 17")
    other = make_dsn(dsn, dbname=name)
    _run(other, SHOP)
    yield other
    cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")


def _run(dsn, sql):
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    connection.cursor().execute(sql)
    connection.close()


def _drop(dsn):
    name = psycopg2.extensions.parse_dsn(dsn)["dbname"].replace('"', '""')
    return f'DROP DATABASE "{name}"'


@pytest.mark.parametrize("where", ["there", "elsewhere"])
def test_a_dropped_database_comes_back_with_all_that_was_in_it(
    where, database, guarded, store, dsn
):
    before = dump(database)
    guarded().cursor().execute(_drop(database))
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(database)
    (snapshot,) = backstop.snapshots.list(store)
    shown = backstop.snapshots.show(snapshot.id, storage=store)
    assert shown.manifest.consistency.value == "before"
    target = database if where == "there" else dsn
    plan = backstop.restore(snapshot.id, storage=store, dsn=target, dry_run=True).plan
    assert plan.steps[0].startswith("create database ")
    report = backstop.restore(snapshot.id, storage=store, dsn=target)
    assert report.applied
    assert report.problems + report.conflicts == []
    assert dump(database) == before
    again = backstop.restore(snapshot.id, storage=store, dsn=target)
    assert again.created + again.changed + again.conflicts == []
    assert dump(database) == before


def test_its_encoding_locale_and_limit_come_back(database, guarded, store, postgres_maintenance):
    asked = (
        "SELECT encoding, datcollate, datctype, datconnlimit, datdba FROM pg_database "
        "WHERE datname = %s"
    )
    name = psycopg2.extensions.parse_dsn(database)["dbname"]
    cursor = postgres_maintenance.cursor()
    cursor.execute(asked, [name])
    before = cursor.fetchone()
    guarded().cursor().execute(_drop(database))
    (snapshot,) = backstop.snapshots.list(store)
    backstop.restore(snapshot.id, storage=store, dsn=database)
    cursor.execute(asked, [name])
    assert cursor.fetchone() == before


def test_a_database_whose_schemas_were_others_than_a_new_ones(database, guarded, store):
    _run(database, "DROP SCHEMA public CASCADE; CREATE EXTENSION IF NOT EXISTS plpgsql")
    before = dump(database)
    guarded().cursor().execute(_drop(database))
    (snapshot,) = backstop.snapshots.list(store)
    backstop.restore(snapshot.id, storage=store, dsn=database)
    assert dump(database) == before


def test_what_was_not_saved_of_it_is_named(database, guarded, store, dsn):
    name = _drop(database).partition("DATABASE ")[2]
    _run(
        database,
        f"ALTER DATABASE {name} SET work_mem = '8MB';"
        f"GRANT CONNECT ON DATABASE {name} TO PUBLIC; COMMENT ON DATABASE {name} IS 'c'",
    )
    guarded().cursor().execute(_drop(database))
    (snapshot,) = backstop.snapshots.list(store)
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert report.plan.not_covered[:3] == (
        "The database's own grants are not saved.",
        "The database's own comment is not saved.",
        "The database's own settings are not saved.",
    )
    assert not report.complete


def test_a_database_that_has_come_to_hold_others_keeps_them(database, guarded, store, dsn):
    guarded().cursor().execute(_drop(database))
    (snapshot,) = backstop.snapshots.list(store)
    name = _drop(database).partition("DATABASE ")[2]
    _run(dsn, f"CREATE DATABASE {name} TEMPLATE template0")
    _run(database, "CREATE TABLE public.orders (something text)")
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert "The table public.orders exists with another definition and is left as it is." in (
        report.conflicts
    )


def test_a_database_that_cannot_be_read_is_not_dropped_where_snapshots_must_be_taken(
    database, guarded, connect, store
):
    _run(database, "ALTER TABLE shop.customers RENAME TO others")
    holder = psycopg2.connect(database)
    holder.cursor().execute("LOCK TABLE shop.others")
    with pytest.raises(backstop.SnapshotFailed, match="DROP DATABASE was not run"):
        guarded(lock_timeout=0.5).cursor().execute(_drop(database))
    holder.close()
    assert backstop.snapshots.list(store) == []
    psycopg2.connect(database).close()


def test_one_that_does_not_exist_is_the_servers_to_refuse(guarded, store):
    with pytest.raises(psycopg2.errors.InvalidCatalogName):
        guarded().cursor().execute("DROP DATABASE nowhere")
    assert backstop.snapshots.list(store) == []


def test_many_objects_come_back(database, guarded, store, postgres_maintenance):
    _run(database, many_objects(20, "PUBLIC"))
    before = dump(database)
    guarded().cursor().execute(_drop(database) + " WITH (FORCE)")
    (snapshot,) = backstop.snapshots.list(store)
    backstop.restore(snapshot.id, storage=store, dsn=database)
    assert dump(database) == before
