"""What foreign keys, triggers and rules take along comes back with the rows that were named."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

DEEP = """
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE);
CREATE TABLE d (c int REFERENCES c ON DELETE CASCADE, v text);
CREATE TABLE e (id int PRIMARY KEY REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE f (e int DEFAULT 1 REFERENCES e ON DELETE SET DEFAULT ON UPDATE CASCADE, v text);
CREATE TABLE g (c int REFERENCES c ON DELETE SET NULL, v text);
CREATE TABLE h (a int UNIQUE REFERENCES a ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE i (h int REFERENCES h (a) ON UPDATE CASCADE ON DELETE CASCADE, v text);
INSERT INTO a SELECT n, 'a' || n FROM generate_series(1, 12) AS n;
INSERT INTO b SELECT n, 1 + n % 12 FROM generate_series(1, 24) AS n;
INSERT INTO c SELECT n, 1 + n % 24 FROM generate_series(1, 48) AS n;
INSERT INTO d SELECT 1 + n % 48, 'same' FROM generate_series(1, 96) AS n;
INSERT INTO e SELECT n FROM generate_series(1, 12) AS n;
INSERT INTO f SELECT n, 'same' FROM generate_series(1, 12) AS n;
INSERT INTO g SELECT n, 'g' FROM generate_series(1, 48) AS n;
INSERT INTO h SELECT n FROM generate_series(1, 12) AS n;
INSERT INTO i SELECT n, 'i' FROM generate_series(1, 12) AS n;
"""

CYCLES = """
CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node ON DELETE CASCADE
    ON UPDATE CASCADE, twin int UNIQUE REFERENCES node (id) ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO node SELECT n, nullif(n / 2, 0), 32 - n FROM generate_series(1, 31) AS n;
CREATE TABLE ring (id int PRIMARY KEY, next int REFERENCES ring ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED, v text);
INSERT INTO ring SELECT n, n % 5 + 1, 'r' FROM generate_series(1, 5) AS n;
CREATE TABLE boss (id int PRIMARY KEY, team int);
CREATE TABLE team (id int PRIMARY KEY, boss int REFERENCES boss ON UPDATE CASCADE
    DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE boss ADD FOREIGN KEY (team) REFERENCES team ON UPDATE CASCADE ON DELETE SET NULL;
INSERT INTO boss SELECT n FROM generate_series(1, 6) AS n;
INSERT INTO team SELECT n, 7 - n FROM generate_series(1, 6) AS n;
UPDATE boss SET team = id;
"""

REFERENCES = """
CREATE TABLE parent (x int, y text, note text, PRIMARY KEY (x, y), UNIQUE (note));
INSERT INTO parent SELECT n, 'y' || n % 2, 'n' || n FROM generate_series(1, 8) AS n;
CREATE TABLE full_child (x int, y text, FOREIGN KEY (x, y) REFERENCES parent MATCH FULL
    ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO full_child SELECT x, y FROM parent UNION ALL SELECT NULL, NULL;
CREATE TABLE by_note (id int, note text REFERENCES parent (note) ON UPDATE CASCADE
    ON DELETE CASCADE);
INSERT INTO by_note SELECT x % 3, note FROM parent;
CREATE TABLE part_parent (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE part_parent_1 PARTITION OF part_parent FOR VALUES FROM (0) TO (10);
CREATE TABLE part_parent_2 PARTITION OF part_parent FOR VALUES FROM (10) TO (20);
INSERT INTO part_parent SELECT n, n FROM generate_series(1, 19) AS n;
CREATE TABLE part_child (id int, at int, k int, FOREIGN KEY (id, at) REFERENCES part_parent
    ON DELETE CASCADE ON UPDATE CASCADE) PARTITION BY HASH (k);
CREATE TABLE part_child_0 PARTITION OF part_child FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_child_1 PARTITION OF part_child FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part_child SELECT n, n, g FROM generate_series(1, 19) AS n, generate_series(1, 3) AS g;
CREATE TABLE orphan (parent int, v text);
INSERT INTO orphan VALUES (1, 'ok'), (99, 'orphan'), (99, 'orphan');
CREATE TABLE alone (id int PRIMARY KEY);
INSERT INTO alone VALUES (1), (2);
ALTER TABLE orphan ADD FOREIGN KEY (parent) REFERENCES alone ON DELETE CASCADE NOT VALID;
"""

TRIGGERS = """
CREATE TABLE customer (id int PRIMARY KEY, orders int DEFAULT 0, changed int DEFAULT 0);
CREATE TABLE purchase (id int PRIMARY KEY, customer int REFERENCES customer ON DELETE CASCADE,
    state text, changed int DEFAULT 0);
CREATE TABLE draft (customer int, v text);
CREATE FUNCTION count_orders() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE customer SET orders = orders - 1 WHERE id = OLD.customer;
    DELETE FROM draft WHERE customer = OLD.customer;
    RETURN NULL; END $$;
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.changed = OLD.changed + 1; RETURN NEW; END $$;
CREATE FUNCTION keep_paid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.state = 'paid' THEN RETURN NULL; END IF; RETURN OLD; END $$;
CREATE FUNCTION wipe_drafts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE 'DELETE FROM draft'; RETURN NULL; END $$;
INSERT INTO customer SELECT n, 3 FROM generate_series(1, 6) AS n;
INSERT INTO purchase SELECT n, 1 + n % 6, (array['new', 'paid', 'sent'])[1 + n % 3]
    FROM generate_series(1, 18) AS n;
INSERT INTO draft SELECT 1 + n % 6, 'same' FROM generate_series(1, 18) AS n;
CREATE TRIGGER changed BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER changed BEFORE UPDATE ON purchase FOR EACH ROW EXECUTE FUNCTION note_change();
ALTER TABLE purchase ENABLE ALWAYS TRIGGER changed;
CREATE TRIGGER counted AFTER DELETE ON purchase FOR EACH ROW EXECUTE FUNCTION count_orders();
"""
KEEP_PAID = (
    TRIGGERS
    + """
CREATE TRIGGER kept BEFORE DELETE ON purchase FOR EACH ROW EXECUTE FUNCTION keep_paid();
ALTER TABLE purchase DROP CONSTRAINT purchase_customer_fkey;
"""
)
WIPED = (
    TRIGGERS
    + """
CREATE TRIGGER wiped AFTER TRUNCATE OR UPDATE ON purchase
    FOR EACH STATEMENT EXECUTE FUNCTION wipe_drafts();
"""
)

RULES = """
CREATE TABLE soft (id int PRIMARY KEY, gone boolean DEFAULT false, v text);
CREATE TABLE shadow (id int, v text);
INSERT INTO soft SELECT n, false, 'v' || n FROM generate_series(1, 9) AS n;
INSERT INTO shadow SELECT n % 4, 'same' FROM generate_series(1, 12) AS n;
CREATE RULE hide AS ON DELETE TO soft DO INSTEAD UPDATE soft SET gone = true WHERE id = OLD.id;
CREATE RULE follow AS ON UPDATE TO soft DO ALSO DELETE FROM shadow WHERE id = NEW.id;
CREATE RULE nothing AS ON INSERT TO soft DO INSTEAD NOTHING;
CREATE RULE swallow AS ON INSERT TO shadow DO INSTEAD NOTHING;
"""


@pytest.mark.parametrize(
    ("schema", "sql"),
    [
        (DEEP, "DELETE FROM a WHERE id BETWEEN 4 AND 6"),
        (DEEP, "DELETE FROM a WHERE id <> 1"),
        (DEEP, "UPDATE a SET id = id + 100 WHERE id < 8"),
        (DEEP, "UPDATE a SET id = -id, v = NULL"),
        (DEEP, "UPDATE a SET v = 'x' WHERE id < 8"),
        (DEEP, "DELETE FROM e WHERE id > 9"),
        (DEEP, "DELETE FROM a USING b WHERE b.a = a.id AND b.id = 17"),
        (DEEP, "WITH x AS (DELETE FROM c WHERE id < 9) DELETE FROM a WHERE id = 12"),
        (DEEP, "TRUNCATE b CASCADE"),
        (CYCLES, "DELETE FROM node WHERE id = 2"),
        (CYCLES, "DELETE FROM node WHERE parent IS NULL"),
        (CYCLES, "UPDATE node SET id = id + 100 WHERE id % 3 = 0"),
        (CYCLES, "UPDATE node SET parent = NULL, twin = NULL"),
        (CYCLES, "DELETE FROM ring WHERE id = 3"),
        (CYCLES, "UPDATE ring SET id = id % 5 + 6, next = (next % 5) + 6"),
        (CYCLES, "DELETE FROM team WHERE id < 4"),
        (CYCLES, "UPDATE team SET id = id + 10"),
        (CYCLES, "WITH t AS (DELETE FROM team) DELETE FROM boss"),
        (CYCLES, "TRUNCATE boss, team"),
        (REFERENCES, "DELETE FROM parent WHERE x > 3"),
        (REFERENCES, "UPDATE parent SET x = x + 10, y = y || '!' WHERE x < 5"),
        (REFERENCES, "UPDATE parent SET note = upper(note)"),
        (REFERENCES, "DELETE FROM part_parent WHERE at BETWEEN 8 AND 12"),
        (REFERENCES, "DELETE FROM part_parent_2"),
        (REFERENCES, "UPDATE part_parent SET id = id + 100 WHERE at > 5"),
        (REFERENCES, "DELETE FROM part_child WHERE k = 2 OR id = 9"),
        (REFERENCES, "UPDATE part_child SET k = k + 1"),
        (REFERENCES, "TRUNCATE part_parent CASCADE"),
        (REFERENCES, "DELETE FROM orphan"),
        (REFERENCES, "DELETE FROM alone WHERE id = 1"),
        (REFERENCES, "UPDATE orphan SET parent = NULL WHERE parent = 99"),
        (TRIGGERS, "DELETE FROM purchase WHERE state = 'paid'"),
        (TRIGGERS, "DELETE FROM purchase"),
        (TRIGGERS, "UPDATE purchase SET state = 'late' WHERE id > 9"),
        (TRIGGERS, "DELETE FROM customer WHERE id = 3"),
        (TRIGGERS, "WITH d AS (DELETE FROM purchase WHERE id < 7 RETURNING *) "
                   "UPDATE customer SET id = id + 9 WHERE id NOT IN (SELECT customer FROM purchase)"
                   " OR id > 100; UPDATE draft SET v = 'x' WHERE customer > 4"),
        (KEEP_PAID, "DELETE FROM purchase"),
        (KEEP_PAID, "DELETE FROM purchase WHERE id < 9"),
        (WIPED, "TRUNCATE purchase"),
        (WIPED, "UPDATE purchase SET state = 'new' WHERE id = 4"),
        (RULES, "DELETE FROM soft WHERE id < 5"),
        (RULES, "DELETE FROM soft"),
        (RULES, "UPDATE soft SET v = 'x' WHERE id < 3"),
        (RULES, "DELETE FROM shadow WHERE id > 1"),
        (RULES, "TRUNCATE soft, shadow"),
    ],
)  # fmt: skip
def test_what_is_taken_along_comes_back(schema, sql, connect, comes_back):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(schema)
    comes_back(sql)


def test_a_listed_column_alone_is_set_null_and_comes_back(connect, comes_back):
    connection = connect()
    connection.autocommit = True
    if connection.server_version < 150000:
        pytest.skip("ON DELETE SET NULL (columns) came with PostgreSQL 15")
    connection.cursor().execute(
        "CREATE TABLE tenant (tenant int, id int, PRIMARY KEY (tenant, id));"
        "CREATE TABLE note (tenant int NOT NULL, author int, FOREIGN KEY (tenant, author) "
        "REFERENCES tenant ON DELETE SET NULL (author));"
        "INSERT INTO tenant SELECT 1, n FROM generate_series(1, 9) AS n;"
        "INSERT INTO note SELECT 1, n FROM generate_series(1, 9) AS n"
    )
    comes_back("DELETE FROM tenant WHERE id > 4")


OWNED = """
CREATE TABLE tenant_row (id int PRIMARY KEY, tenant text, v text);
INSERT INTO tenant_row SELECT n, (array['a', 'b'])[1 + n % 2], 'v' FROM generate_series(1, 12) AS n;
ALTER TABLE tenant_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenant_row USING (tenant = 'a');
CREATE TABLE detail (row int REFERENCES tenant_row ON DELETE CASCADE, v text);
INSERT INTO detail SELECT 1 + n % 12, 'same' FROM generate_series(1, 24) AS n;
ALTER TABLE detail ENABLE ROW LEVEL SECURITY;
"""


@pytest.fixture
def owner(connect, postgres_maintenance, dsn):
    """Create the tables as an ordinary role that owns them; give its name."""
    role = f"owner_{dsn.rsplit('/', 1)[1].split('?')[0]}"
    maintenance = postgres_maintenance.cursor()
    maintenance.execute(f"CREATE ROLE {role} LOGIN")
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(
        f"GRANT CREATE ON SCHEMA public TO {role}; SET ROLE {role}; {OWNED} RESET ROLE"
    )
    yield role
    setup.cursor().execute(f"DROP OWNED BY {role} CASCADE")
    maintenance.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM tenant_row",
        "DELETE FROM tenant_row WHERE id > 5",
        "UPDATE tenant_row SET v = 'x'",
        "UPDATE tenant_row SET v = 'y' WHERE id < 9",
        "TRUNCATE detail",
    ],
)
def test_what_an_owner_destroys_under_row_security_comes_back(
    sql, forced, owner, connect, dsn, store
):
    """Where the policies are forced upon the owner, a superuser has to restore."""
    if forced:
        setup = connect()
        setup.autocommit = True
        setup.cursor().execute("ALTER TABLE tenant_row FORCE ROW LEVEL SECURITY")
    before = dump(dsn)
    raw = connect(user=owner)
    raw.autocommit = True
    db = backstop.guard(
        raw, storage=store, actor="owner", on_snapshot_failure="raise", snapshot_at="LOW"
    )
    db.cursor().execute(sql)
    assert dump(dsn) != before
    (snapshot,) = backstop.snapshots.list(store)
    place = {"dsn": dsn} if forced else {"conn": db}
    assert backstop.restore(snapshot.id, storage=store, **place).complete
    assert dump(dsn) == before


@pytest.mark.parametrize("autocommit", [True, False])
def test_keys_lead_on_from_a_table_that_a_run_has_shown_to_change_more(autocommit, connect, undone):
    setup = connect()
    setup.autocommit = True
    setup.cursor().execute(
        "CREATE TABLE part (id int PRIMARY KEY, whole int DEFAULT 1 REFERENCES part "
        "ON UPDATE SET DEFAULT);"
        "CREATE TABLE note (part int REFERENCES part ON UPDATE CASCADE);"
        "INSERT INTO part VALUES (1, NULL), (2, NULL), (3, NULL), (4, 2);"
        "INSERT INTO note VALUES (NULL), (2)"
    )

    def renumber(db):
        db.cursor().execute(
            "UPDATE part x SET id = x.id + 10 FROM part y WHERE y.id = x.id AND x.id > 1"
        )

    undone(renumber, autocommit=autocommit)
