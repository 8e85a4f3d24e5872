"""What somebody did since to a table that had lost columns stays when they come back."""

from __future__ import annotations

import pytest

import backstop

pytestmark = pytest.mark.proof


@pytest.fixture
def setup(connect):
    """Give a cursor on a connection that nobody guards, and three rows to destroy something of."""
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TABLE stock (id int PRIMARY KEY, name text, size numeric);"
        "INSERT INTO stock SELECT g, 'name ' || g, g + 0.5 FROM generate_series(1, 3) AS g"
    )
    return cursor


@pytest.fixture
def destroy(guarded):
    """Give a function that runs statements on a guarded connection."""

    def run(*statements):
        connection = guarded(snapshot_at="LOW")
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()

    return run


@pytest.fixture
def restore(store, dsn):
    """Give a function that restores a snapshot, the newest by default."""

    def restore_one(number=-1, **options):
        snapshot = backstop.snapshots.list(store)[number]
        return backstop.restore(snapshot.id, storage=store, dsn=dsn, **options)

    return restore_one


def rows(cursor, table="stock"):
    """Return the names of the columns, and the rows as texts."""
    cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
    names = [column.name for column in cursor.description]
    return names, [[None if cell is None else str(cell) for cell in row] for row in cursor]


def test_a_later_column_stays_with_its_values_and_settings(setup, destroy, restore):
    destroy("ALTER TABLE stock DROP COLUMN name")
    setup.execute(
        "ALTER TABLE stock ADD COLUMN later int NOT NULL DEFAULT 7 CHECK (later > 0), "
        "ALTER COLUMN later SET STATISTICS 50; CREATE INDEX by_later ON stock (later);"
        "UPDATE stock SET later = 8 WHERE id = 1"
    )
    assert restore().complete
    assert rows(setup) == (
        ["id", "name", "size", "later"],
        [
            ["1", "name 1", "1.5", "8"],
            ["2", "name 2", "2.5", "7"],
            ["3", "name 3", "3.5", "7"],
        ],
    )
    setup.execute(
        "SELECT attnotnull, atthasdef, attstattarget, to_regclass('by_later') IS NOT NULL, "
        "(SELECT count(*) FROM pg_constraint WHERE conrelid = 'stock'::regclass AND contype = 'c') "
        "FROM pg_attribute WHERE attrelid = 'stock'::regclass AND attname = 'later'"
    )
    assert setup.fetchone() == (True, True, 50, True, 1)


@pytest.mark.parametrize("owner", ["parent", "child"])
def test_a_later_column_of_a_parent_or_child_stays(owner, setup, destroy, restore):
    setup.execute(
        "CREATE TABLE parent (id int, note text); CREATE TABLE child (own int) INHERITS (parent);"
        "INSERT INTO child VALUES (1, 'x', 2)"
    )
    destroy("ALTER TABLE parent DROP COLUMN note")
    setup.execute(f"ALTER TABLE {owner} ADD COLUMN later int DEFAULT 3; UPDATE child SET later = 4")
    assert restore().complete
    names, found = rows(setup, "child")
    assert sorted(zip(names, found[0])) == [
        ("id", "1"),
        ("later", "4"),
        ("note", "x"),
        ("own", "2"),
    ]


def test_a_later_setting_of_an_old_column_stays(setup, destroy, restore):
    destroy("ALTER TABLE stock DROP COLUMN name")
    setup.execute("ALTER TABLE stock ALTER size SET NOT NULL, ALTER size SET STATISTICS 9")
    assert restore().complete
    setup.execute(
        "SELECT attnotnull, attstattarget FROM pg_attribute "
        "WHERE attrelid = 'stock'::regclass AND attname = 'size'"
    )
    assert setup.fetchone() == (True, 9)


@pytest.mark.parametrize("type_name", ["text", "varchar(20)"])
def test_a_column_that_somebody_added_again_gets_its_values_where_none_were_written(
    type_name, setup, destroy, restore
):
    destroy("ALTER TABLE stock DROP COLUMN name")
    setup.execute(
        f"ALTER TABLE stock ADD COLUMN name {type_name} DEFAULT 'unknown';"
        "UPDATE stock SET name = 'mine' WHERE id = 1"
    )
    report = restore()
    assert report.conflicts == [
        "1 rows of public.stock were changed after the statement and were left as they are."
    ]
    names, found = rows(setup)
    assert names == ["id", "name", "size"]
    assert [row[1] for row in found] == ["mine", "name 2", "name 3"]


def test_values_of_a_column_that_was_added_again_go_when_told_so(setup, destroy, restore):
    destroy("ALTER TABLE stock DROP COLUMN name")
    setup.execute("ALTER TABLE stock ADD COLUMN name text; UPDATE stock SET name = 'mine'")
    assert restore(on_conflict="overwrite").complete
    assert [row[1] for row in rows(setup)[1]] == ["name 1", "name 2", "name 3"]


@pytest.mark.parametrize("default", ["", "DEFAULT 'none'", "DEFAULT md5(random()::text)"])
def test_what_was_written_into_a_column_that_replaced_another_stays(
    default, setup, destroy, restore
):
    destroy(f"ALTER TABLE stock DROP COLUMN name, ADD COLUMN name text {default}")
    setup.execute("UPDATE stock SET name = 'mine' WHERE id = 1")
    assert not restore().complete
    assert [row[1] for row in rows(setup)[1]] == ["mine", "name 2", "name 3"]


def test_a_value_that_was_converted_and_edited_since_stays(setup, destroy, restore):
    destroy("ALTER TABLE stock ALTER COLUMN size TYPE int USING round(size)")
    setup.execute("UPDATE stock SET size = 9 WHERE id = 1")
    assert not restore().complete
    assert [row[2] for row in rows(setup)[1]] == ["9", "2.5", "3.5"]


@pytest.mark.parametrize("extra", ["int", "int DEFAULT 7", "serial", "int UNIQUE"])
@pytest.mark.parametrize("fast", [False, True])
def test_a_column_that_the_statement_has_added_goes(extra, fast, setup, destroy, restore):
    destroy(f"ALTER TABLE stock DROP COLUMN name, ADD COLUMN extra {extra}")
    assert restore(fast=fast).complete
    assert sorted(rows(setup)[0]) == ["id", "name", "size"]


def test_a_column_that_the_statement_has_added_stays_with_what_was_written_since(
    setup, destroy, restore
):
    destroy("ALTER TABLE stock DROP COLUMN name, ADD COLUMN extra int DEFAULT 7")
    setup.execute("UPDATE stock SET extra = 8 WHERE id = 1")
    assert restore().conflicts == [
        "The column extra of public.stock, which the statement has added, holds values that were "
        "written since, and stays."
    ]
    names, found = rows(setup)
    assert names == ["id", "name", "size", "extra"]
    assert [row[1::2] for row in found] == [["name 1", "8"], ["name 2", "7"], ["name 3", "7"]]


def test_a_column_that_something_needs_by_now_stops_the_restore(setup, destroy, restore):
    destroy("ALTER TABLE stock DROP COLUMN name, ADD COLUMN extra int")
    setup.execute("CREATE VIEW needing AS SELECT extra FROM stock")
    with pytest.raises(backstop.RestoreFailed, match=r"column extra of public.stock.*2BP01"):
        restore()
    assert rows(setup)[0] == ["id", "size", "extra"]


@pytest.mark.parametrize("fast", [False, True])
def test_columns_that_went_one_after_another_come_back_newest_first(fast, setup, destroy, restore):
    before = rows(setup)
    destroy("ALTER TABLE stock DROP COLUMN name", "ALTER TABLE stock DROP COLUMN size")
    assert restore(1, fast=fast).complete
    assert restore(0, fast=fast).complete
    names, found = rows(setup)
    assert sorted(names) == sorted(before[0])
    assert [dict(zip(names, row)) for row in found] == [dict(zip(*pair)) for pair in pairs(before)]


def pairs(table):
    """Return each row with the names of its columns."""
    names, found = table
    return [(names, row) for row in found]


def test_a_row_that_was_edited_before_its_table_was_made_anew_is_not_given_older_values(
    setup, destroy, restore
):
    destroy("UPDATE stock SET size = 0", "ALTER TABLE stock DROP COLUMN name")
    setup.execute("UPDATE stock SET size = 9 WHERE id = 1")
    assert restore(1).complete
    assert not restore(0).complete
    assert rows(setup)[1][0][2] == "9"


def test_rows_of_a_table_that_was_made_anew_are_known_as_those_of_an_earlier_statement(
    setup, destroy, restore
):
    before = rows(setup)
    destroy("UPDATE stock SET size = 0", "ALTER TABLE stock DROP COLUMN name")
    assert restore(1).complete
    assert restore(0).complete
    assert rows(setup) == before


def test_a_second_restore_of_appended_columns_keeps_what_was_written_since(setup, destroy, restore):
    destroy("ALTER TABLE stock DROP COLUMN name")
    assert restore(fast=True).complete
    setup.execute("UPDATE stock SET name = 'mine' WHERE id = 1")
    assert restore().complete
    assert [row[2] for row in rows(setup)[1]] == ["mine", "name 2", "name 3"]


@pytest.mark.parametrize(
    ("kind", "word"), [("TYPE place AS", "ATTRIBUTE"), ("TABLE place", "COLUMN")]
)
def test_values_of_a_type_that_has_got_a_field_since_are_left_alone(
    kind, word, setup, destroy, restore
):
    setup.execute(
        f"CREATE {kind} (street text, number int);"
        "CREATE TABLE home (id int, at place); INSERT INTO home VALUES (1, ('street', 2))"
    )
    what = kind.split()[0]
    destroy(f"ALTER {what} place DROP {word} number")
    setup.execute(f"ALTER {what} place ADD {word} floor int; UPDATE home SET at.floor = 3")
    assert restore().conflicts == [
        f"The {what.lower()} public.place exists with another definition and is left as it is."
    ]
    assert rows(setup, "home")[1] == [["1", "(street,3)"]]


FIELDS = [("TYPE place AS", "ATTRIBUTE"), ("TABLE place", "COLUMN")]


@pytest.mark.parametrize(("kind", "word"), FIELDS)
@pytest.mark.parametrize("added", ["number int", "number text", "other int"])
def test_fields_of_values_come_back_from_a_statement_that_adds_others(
    added, kind, word, setup, comes_back
):
    setup.execute(
        f"CREATE {kind} (street text, number int);"
        "CREATE TABLE home (id int, at place, more place[]);"
        "INSERT INTO home VALUES (1, ('street', 2), ARRAY[('other', 3)::place])"
    )
    comes_back(f"ALTER {kind.split()[0]} place DROP {word} number, ADD {word} {added}")


@pytest.mark.parametrize(("kind", "word"), FIELDS)
def test_values_whose_field_was_replaced_and_written_since_are_left_alone(
    kind, word, setup, destroy, restore
):
    setup.execute(
        f"CREATE {kind} (street text, number int);"
        "CREATE TABLE home (id int, at place); INSERT INTO home VALUES (1, ('street', 2))"
    )
    what = kind.split()[0]
    destroy(f"ALTER {what} place DROP {word} number, ADD {word} number text")
    setup.execute("UPDATE home SET at.number = 'mine'")
    assert restore().conflicts == [
        f"The {what.lower()} public.place exists with another definition and is left as it is."
    ]
    assert rows(setup, "home")[1] == [["1", "(street,mine)"]]
    assert restore(on_conflict="overwrite").complete
    assert rows(setup, "home")[1] == [["1", "(street,2)"]]
