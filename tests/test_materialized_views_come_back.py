"""Materialized views come back filled, by the rights of their owners and nobody else's."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
GRANT USAGE, CREATE ON SCHEMA shop TO {role};
CREATE TABLE shop.orders (id int PRIMARY KEY, n int, secret text);
INSERT INTO shop.orders SELECT g, g, 's' FROM generate_series(1, 9) AS g;
GRANT SELECT ON shop.orders TO {role};
CREATE FUNCTION shop.reader() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
CREATE VIEW shop.seen AS SELECT id, n FROM shop.orders;
GRANT SELECT ON shop.seen TO {role};
SET ROLE {role};
CREATE MATERIALIZED VIEW shop.kept AS SELECT id, n, shop.reader() AS reader FROM shop.orders;
CREATE UNIQUE INDEX ON shop.kept (id);
CREATE MATERIALIZED VIEW shop.above AS
    SELECT sum(n) AS total FROM shop.kept JOIN shop.seen USING (n);
RESET ROLE;
"""


@pytest.fixture
def shop(connect, postgres_maintenance):
    """Give a function that runs SQL with ``{role}``, which owns the materialized views."""
    setup = connect()
    setup.autocommit = True
    role = f"keeper_{setup.info.dbname}"
    postgres_maintenance.cursor().execute(f"CREATE ROLE {role}")

    def run(sql):
        with setup.cursor() as cursor:
            cursor.execute(sql.format(role=role))
            return cursor.fetchall() if cursor.description else []

    run(SHOP)
    yield run
    run("DROP OWNED BY {role} CASCADE")
    postgres_maintenance.cursor().execute(f"DROP ROLE {role}")


@pytest.fixture
def dropped(guarded, store, shop, dsn):
    """Give a function that runs a statement and returns its snapshot, and how to restore it."""

    def run(sql):
        guarded(snapshot_at="LOW").cursor().execute(sql)
        snapshot = backstop.snapshots.list(store)[-1]
        manifest = backstop.snapshots.show(snapshot.id, store).manifest
        return manifest, lambda **options: backstop.restore(
            snapshot.id, storage=store, dsn=dsn, **options
        )

    return run


@pytest.mark.parametrize(
    "sql",
    [
        "DROP MATERIALIZED VIEW shop.kept CASCADE",
        "DROP TABLE shop.orders CASCADE",
        "DROP SCHEMA shop CASCADE",
    ],
)
def test_what_it_held_is_read_as_its_owner(sql, shop, dropped):
    contents = "SELECT k.*, a.total FROM shop.kept k, shop.above a ORDER BY 1"
    before = shop(contents)
    assert before[0][2] == shop("SELECT '{role}'")[0][0]
    manifest, restore = dropped(sql)
    assert manifest.not_covered == ()
    report = restore()
    assert report.complete, report.problems
    assert not [note for note in report.plan.notes if "anew" in note]
    assert shop(contents) == before


@pytest.mark.parametrize(
    ("change", "relation"),
    [
        ("REVOKE SELECT ON shop.orders FROM {role}", "shop.orders"),
        (
            "REVOKE SELECT ON shop.orders FROM {role};"
            "GRANT SELECT (id, secret) ON shop.orders TO {role}",
            "shop.orders",
        ),
        (
            "ALTER VIEW shop.seen OWNER TO {role}; REVOKE SELECT ON shop.orders FROM {role}",
            "shop.orders",
        ),
    ],
)
def test_that_its_owner_may_not_read_any_more_is_told_by_the_snapshot(
    change, relation, shop, dropped
):
    shop(change)
    manifest, restore = dropped("DROP MATERIALIZED VIEW shop.kept CASCADE")
    assert "materialized view shop.kept holds can't be saved" in manifest.not_covered[0]
    assert f"may not read {relation}" in manifest.not_covered[0]
    assert manifest.not_covered[0] in restore(dry_run=True).plan.not_covered
    report = restore()
    assert not report.complete
    assert "could not be put back" in report.problems[0]
    assert shop("SELECT relispopulated FROM pg_class WHERE relname = 'kept'") == [(False,)]


def test_what_its_owner_has_lost_since_is_told_by_the_plan(shop, dropped):
    manifest, restore = dropped("DROP MATERIALIZED VIEW shop.kept CASCADE")
    assert manifest.not_covered == ()
    shop("REVOKE SELECT ON shop.orders FROM {role}")
    notes = [note for note in restore(dry_run=True).plan.notes if "can't be read anew" in note]
    assert len(notes) == 1
    assert "contents of materialized view shop.kept" in notes[0]
    shop("GRANT SELECT ON shop.orders TO {role}")
    assert restore().complete


def test_one_that_was_empty_comes_back_empty(shop, dropped):
    shop(
        "REFRESH MATERIALIZED VIEW shop.above WITH NO DATA; REVOKE SELECT ON shop.seen FROM {role}"
    )
    manifest, restore = dropped("DROP MATERIALIZED VIEW shop.above")
    assert manifest.not_covered == ()
    assert restore().complete


def test_one_that_was_emptied_is_filled_again(shop, dropped):
    before = shop("SELECT * FROM shop.kept ORDER BY id")
    manifest, restore = dropped("REFRESH MATERIALIZED VIEW shop.kept WITH NO DATA")
    assert manifest.not_covered == ()
    assert restore().complete
    assert shop("SELECT * FROM shop.kept ORDER BY id") == before
