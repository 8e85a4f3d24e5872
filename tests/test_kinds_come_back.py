"""Foreign servers, text search, languages, types with their functions: all come back."""

from __future__ import annotations

import pytest

import backstop
from testing.dumps import dump

pytestmark = pytest.mark.proof

SHOP = """
CREATE SCHEMA shop;
CREATE TEXT SEARCH DICTIONARY shop.plain (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH DICTIONARY shop.stems (TEMPLATE = snowball, LANGUAGE = 'german');
CREATE TEXT SEARCH PARSER shop.usual (START = prsd_start, GETTOKEN = prsd_nexttoken,
    END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE shop.same (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY shop.own (TEMPLATE = shop.same, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION shop.words (PARSER = shop.usual);
ALTER TEXT SEARCH CONFIGURATION shop.words ADD MAPPING FOR asciiword, word
    WITH shop.own, shop.plain, shop.stems;
ALTER TEXT SEARCH CONFIGURATION shop.words ADD MAPPING FOR int WITH pg_catalog.simple;
COMMENT ON TEXT SEARCH CONFIGURATION shop.words IS 'words';
COMMENT ON TEXT SEARCH DICTIONARY shop.plain IS 'plain';
COMMENT ON TEXT SEARCH PARSER shop.usual IS 'usual';
COMMENT ON TEXT SEARCH TEMPLATE shop.same IS 'same';
CREATE TABLE shop.texts (id int PRIMARY KEY, body text,
    found tsvector GENERATED ALWAYS AS (to_tsvector('shop.words', body)) STORED);
CREATE INDEX texts_body ON shop.texts USING gin (to_tsvector('shop.words', body));
INSERT INTO shop.texts SELECT g, 'die Bücher ' || g FROM generate_series(1, 20) AS g;

CREATE FOREIGN DATA WRAPPER away OPTIONS (debug 'true');
CREATE FOREIGN DATA WRAPPER checked VALIDATOR postgresql_fdw_validator;
CREATE SERVER far TYPE 'any' VERSION '1' FOREIGN DATA WRAPPER away OPTIONS (host 'a', port '1');
CREATE SERVER near FOREIGN DATA WRAPPER checked OPTIONS (host 'a');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ("user" 'me');
CREATE USER MAPPING FOR CURRENT_USER SERVER far;
CREATE FOREIGN TABLE shop.distant (id int OPTIONS (name 'ID'), body text) SERVER far
    OPTIONS (place 'there');
CREATE VIEW shop.seen AS SELECT id FROM shop.distant;
COMMENT ON FOREIGN DATA WRAPPER away IS 'wrapper';
COMMENT ON SERVER far IS 'server';
COMMENT ON FOREIGN TABLE shop.distant IS 'table';
COMMENT ON COLUMN shop.distant.body IS 'column';
GRANT USAGE ON FOREIGN DATA WRAPPER away TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER far TO PUBLIC;
GRANT SELECT ON shop.distant TO PUBLIC;

CREATE FUNCTION shop.handler() RETURNS language_handler LANGUAGE c
    AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION shop.inline(internal) RETURNS void LANGUAGE c STRICT
    AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE TRUSTED LANGUAGE plshop HANDLER shop.handler INLINE shop.inline;
CREATE LANGUAGE shopu HANDLER shop.handler;
REVOKE USAGE ON LANGUAGE plshop FROM PUBLIC;
COMMENT ON LANGUAGE plshop IS 'language';
CREATE FUNCTION shop.one(a int) RETURNS int LANGUAGE plshop AS 'BEGIN RETURN 1; END';
CREATE FUNCTION shop.two() RETURNS int LANGUAGE shopu AS 'BEGIN RETURN 2; END';
CREATE VIEW shop.ones AS SELECT shop.one(1) AS one;
CREATE TYPE shop.pair AS (a int, b int);
CREATE FUNCTION shop.to_pair(internal) RETURNS shop.pair LANGUAGE internal IMMUTABLE STRICT
    AS 'record_recv';
CREATE TRANSFORM FOR shop.pair LANGUAGE plshop
    (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION shop.to_pair(internal));
COMMENT ON TRANSFORM FOR shop.pair LANGUAGE plshop IS 'transform';
CREATE FUNCTION shop.first(shop.pair) RETURNS int LANGUAGE plshop
    TRANSFORM FOR TYPE shop.pair AS 'BEGIN RETURN 1; END';

CREATE TYPE shop.address AS (gone text, street text, "Post code" varchar(9));
ALTER TYPE shop.address DROP ATTRIBUTE gone;
COMMENT ON TYPE shop.address IS 'address';
COMMENT ON COLUMN shop.address.street IS 'street';
COMMENT ON COLUMN shop.address."Post code" IS 'it''s a code';
"""

CIRCLES = """
CREATE SCHEMA shop;
CREATE TYPE shop.word;
CREATE FUNCTION shop.word_in(cstring) RETURNS shop.word LANGUAGE internal IMMUTABLE STRICT
    AS 'textin';
CREATE FUNCTION shop.word_out(shop.word) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT
    AS 'textout';
CREATE TYPE shop.word (INPUT = shop.word_in, OUTPUT = shop.word_out, LIKE = pg_catalog.text,
    CATEGORY = 'W', DEFAULT = 'it''s', DELIMITER = ';', COLLATABLE = true, STORAGE = main);
COMMENT ON TYPE shop.word IS 'word';
CREATE CAST (shop.word AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE TABLE shop.words (id int PRIMARY KEY, plain shop.word, other shop.word COLLATE "C",
    many shop.word[]);
CREATE VIEW shop.plain AS SELECT plain FROM shop.words;
CREATE FUNCTION shop.same(shop.word) RETURNS shop.word LANGUAGE sql AS 'SELECT $1';
INSERT INTO shop.words SELECT g, g::text::shop.word, 'b', '{c;d}' FROM generate_series(1, 9) AS g;
CREATE TYPE shop.days;
CREATE FUNCTION shop.whole(shop.days) RETURNS shop.days LANGUAGE internal IMMUTABLE STRICT
    AS 'daterange_canonical';
CREATE TYPE shop.days AS RANGE (SUBTYPE = date, CANONICAL = shop.whole,
    SUBTYPE_DIFF = daterange_subdiff);
CREATE TABLE shop.stays (during shop.days, EXCLUDE USING gist (during WITH &&));
INSERT INTO shop.stays VALUES ('[2025-01-01,2025-02-01)');
CREATE TYPE shop.never;
CREATE TYPE shop.number;
CREATE FUNCTION shop.number_in(cstring) RETURNS shop.number LANGUAGE internal IMMUTABLE STRICT
    AS 'int4in';
CREATE FUNCTION shop.number_out(shop.number) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT
    AS 'int4out';
CREATE FUNCTION shop.number_receive(internal) RETURNS shop.number
    LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
CREATE FUNCTION shop.number_send(shop.number) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT
    AS 'int4send';
CREATE TYPE shop.number (INPUT = shop.number_in, OUTPUT = shop.number_out,
    RECEIVE = shop.number_receive, SEND = shop.number_send, INTERNALLENGTH = 4, PASSEDBYVALUE);
CREATE TABLE shop.numbers (n shop.number);
INSERT INTO shop.numbers VALUES ('1'), ('2');
"""

METHODS = """
CREATE ACCESS METHOD own TYPE TABLE HANDLER heap_tableam_handler;
CREATE ACCESS METHOD tree TYPE INDEX HANDLER bthandler;
COMMENT ON ACCESS METHOD own IS 'own';
CREATE OPERATOR CLASS whole DEFAULT FOR TYPE int USING tree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 btint4cmp(int, int);
CREATE TABLE kept (id int PRIMARY KEY, n int) USING own;
INSERT INTO kept SELECT g, g FROM generate_series(1, 9) AS g;
CREATE VIEW seen AS SELECT n FROM kept;
"""

AGGREGATES = """
CREATE SCHEMA shop;
CREATE TYPE shop."Pair" AS (a integer, b integer);
CREATE FUNCTION shop.add(shop."Pair", integer, text[]) RETURNS shop."Pair" LANGUAGE sql IMMUTABLE
    AS 'SELECT $1';
CREATE AGGREGATE shop."Total ("(amount integer, VARIADIC text[]) (SFUNC = shop.add,
    STYPE = shop."Pair");
CREATE AGGREGATE shop.counted(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE AGGREGATE shop.percentile(float8 ORDER BY "how ORDER BY Much" float8) (
    SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_cont_float8_final);
CREATE AGGREGATE shop.place(VARIADIC "any" ORDER BY VARIADIC "any") (
    SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final,
    FINALFUNC_EXTRA, HYPOTHETICAL);
REVOKE ALL ON FUNCTION shop."Total ("(integer, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION shop.counted() FROM PUBLIC;
REVOKE ALL ON FUNCTION shop.percentile(float8, float8) FROM PUBLIC;
REVOKE ALL ON FUNCTION shop.place(VARIADIC "any") FROM PUBLIC;
COMMENT ON AGGREGATE shop.counted(*) IS 'counted';
"""


@pytest.fixture
def given(connect):
    def run(script):
        connection = connect()
        connection.autocommit = True
        connection.cursor().execute(script)

    return run


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TEXT SEARCH CONFIGURATION shop.words CASCADE",
        "DROP TEXT SEARCH DICTIONARY shop.own CASCADE",
        "DROP TEXT SEARCH PARSER shop.usual CASCADE",
        "DROP TEXT SEARCH TEMPLATE shop.same CASCADE",
        "ALTER TEXT SEARCH CONFIGURATION shop.words DROP MAPPING FOR int, word",
        "ALTER TEXT SEARCH CONFIGURATION shop.words ALTER MAPPING REPLACE shop.stems WITH simple",
        "ALTER TEXT SEARCH CONFIGURATION shop.words ALTER MAPPING FOR word WITH shop.stems",
        "ALTER TEXT SEARCH CONFIGURATION shop.words RENAME TO others",
        "ALTER TEXT SEARCH CONFIGURATION shop.words SET SCHEMA public",
        "ALTER TEXT SEARCH DICTIONARY shop.plain (STOPWORDS, ACCEPT = false)",
        "ALTER TEXT SEARCH DICTIONARY shop.stems (LANGUAGE = english)",
        "ALTER TEXT SEARCH DICTIONARY shop.stems RENAME TO others",
        "ALTER TEXT SEARCH PARSER shop.usual RENAME TO others",
        "ALTER TEXT SEARCH TEMPLATE shop.same SET SCHEMA public",
        "COMMENT ON TEXT SEARCH CONFIGURATION shop.words IS NULL",
        "DROP SCHEMA shop CASCADE",
    ],
)
def test_text_search_comes_back(sql, given, comes_back):
    given(SHOP)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP FOREIGN DATA WRAPPER away CASCADE",
        "DROP FOREIGN DATA WRAPPER checked CASCADE",
        "DROP SERVER far CASCADE",
        "DROP SERVER near",
        "DROP USER MAPPING FOR PUBLIC SERVER far",
        "DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER far",
        "DROP FOREIGN TABLE shop.distant CASCADE",
        "ALTER FOREIGN DATA WRAPPER away OPTIONS (SET debug 'false')",
        "ALTER FOREIGN DATA WRAPPER checked NO VALIDATOR",
        "ALTER FOREIGN DATA WRAPPER away RENAME TO gone",
        "ALTER SERVER far VERSION '2' OPTIONS (SET host 'x', DROP port)",
        "ALTER SERVER far RENAME TO gone",
        'ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (DROP "user")',
        "ALTER FOREIGN TABLE shop.distant OPTIONS (SET place 'x')",
        "ALTER FOREIGN TABLE shop.distant ALTER COLUMN id OPTIONS (SET name 'x')",
        "ALTER FOREIGN TABLE shop.distant ALTER COLUMN id OPTIONS (DROP name)",
        "ALTER FOREIGN TABLE shop.distant DROP COLUMN body",
        "REVOKE USAGE ON FOREIGN SERVER far FROM PUBLIC",
        "REVOKE USAGE ON FOREIGN DATA WRAPPER away FROM PUBLIC",
        "COMMENT ON SERVER far IS 'other'",
    ],
)
def test_what_is_far_away_comes_back(sql, given, comes_back):
    given(SHOP)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP LANGUAGE plshop CASCADE",
        "DROP LANGUAGE shopu CASCADE",
        "DROP FUNCTION shop.handler() CASCADE",
        "DROP TRANSFORM FOR shop.pair LANGUAGE plshop CASCADE",
        "DROP TYPE shop.pair CASCADE",
        "CREATE OR REPLACE TRANSFORM FOR shop.pair LANGUAGE plshop "
        "(FROM SQL WITH FUNCTION prsd_lextype(internal))",
        "CREATE OR REPLACE LANGUAGE plshop HANDLER shop.handler",
        "ALTER LANGUAGE plshop RENAME TO gone",
        "GRANT USAGE ON LANGUAGE plshop TO PUBLIC",
        "COMMENT ON TRANSFORM FOR shop.pair LANGUAGE plshop IS NULL",
    ],
)
def test_languages_come_back(sql, given, comes_back):
    given(SHOP)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TYPE shop.address",
        "COMMENT ON COLUMN shop.address.street IS NULL",
        "COMMENT ON COLUMN shop.address.\"Post code\" IS 'x'",
        "ALTER TYPE shop.address RENAME ATTRIBUTE street TO road",
        "ALTER TYPE shop.address DROP ATTRIBUTE street",
    ],
)
def test_comments_on_attributes_come_back(sql, given, comes_back):
    given(SHOP)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TYPE shop.word CASCADE",
        "DROP FUNCTION shop.word_out(shop.word) CASCADE",
        "DROP TYPE shop.days CASCADE",
        "DROP FUNCTION shop.number_receive(internal) CASCADE",
        "DROP TYPE shop.number, shop.word CASCADE",
        "DROP FUNCTION shop.whole(shop.days) CASCADE",
        "DROP TYPE shop.never",
        "DROP TABLE shop.words CASCADE",
        "ALTER TYPE shop.word RENAME TO term",
        "ALTER TYPE shop.word SET (STORAGE = extended)",
        "ALTER TYPE shop.number SET (RECEIVE = NONE, SEND = NONE)",
        "ALTER TYPE shop.days SET SCHEMA public",
        "ALTER TABLE shop.words DROP COLUMN other",
        'ALTER TABLE shop.words ALTER COLUMN other TYPE shop.word COLLATE "POSIX"',
        "DROP SCHEMA shop CASCADE",
    ],
)
def test_types_come_back_with_the_functions_that_make_them_up(sql, given, comes_back):
    given(CIRCLES)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP SCHEMA shop CASCADE",
        'DROP AGGREGATE shop."Total ("(integer, VARIADIC text[])',
        "DROP AGGREGATE shop.counted(*)",
        "DROP AGGREGATE shop.percentile(float8 ORDER BY float8)",
        'DROP AGGREGATE shop.place(VARIADIC "any" ORDER BY VARIADIC "any")',
        "GRANT EXECUTE ON FUNCTION shop.counted() TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION shop.percentile(float8, float8) TO PUBLIC",
    ],
)
def test_aggregates_come_back_with_their_grants(sql, given, comes_back):
    given(AGGREGATES)
    comes_back(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TEXT SEARCH CONFIGURATION shop.words CASCADE",
        "DROP TEXT SEARCH DICTIONARY shop.plain CASCADE",
        "DROP TEXT SEARCH TEMPLATE shop.same CASCADE",
        "DROP TEXT SEARCH PARSER shop.usual CASCADE",
        "ALTER TEXT SEARCH CONFIGURATION shop.words DROP MAPPING FOR int",
        "ALTER TEXT SEARCH DICTIONARY shop.plain (STOPWORDS)",
        "DROP SERVER far CASCADE",
        "ALTER SERVER far OPTIONS (SET host 'x')",
        "DROP USER MAPPING FOR PUBLIC SERVER far",
        'ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (DROP "user")',
        "DROP FOREIGN DATA WRAPPER away CASCADE",
        "DROP LANGUAGE plshop CASCADE",
        "DROP PROCEDURAL LANGUAGE shopu CASCADE",
        "DROP TRANSFORM FOR shop.pair LANGUAGE plshop CASCADE",
        "REVOKE USAGE ON FOREIGN SERVER far FROM PUBLIC",
        "CREATE OR REPLACE VIEW shop.ones AS SELECT 2 AS one",
    ],
)
def test_each_of_them_takes_a_snapshot_by_default(sql, given, guarded, store):
    given(SHOP)
    connection = guarded()
    connection.cursor().execute(sql)
    (snapshot,) = backstop.snapshots.list(store)
    assert backstop.snapshots.show(snapshot.id, store).manifest.objects


@pytest.mark.parametrize(
    "sql",
    [
        "DROP ACCESS METHOD own CASCADE",
        "DROP ACCESS METHOD tree CASCADE",
        "DROP OPERATOR CLASS whole USING tree",
        "COMMENT ON ACCESS METHOD own IS NULL",
    ],
)
def test_access_methods_come_back_with_what_is_kept_by_them(sql, given, comes_back):
    given(METHODS)
    comes_back(sql)


SECRETS = """
CREATE FOREIGN DATA WRAPPER away;
CREATE SERVER far FOREIGN DATA WRAPPER away OPTIONS (host 'a', password 'hunter2');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ("user" 'me', password 'hunter2');
CREATE FOREIGN TABLE distant (id int) SERVER far OPTIONS (place 'there', password 'hunter2');
"""


@pytest.mark.parametrize(
    "sql",
    [
        "DROP SERVER far CASCADE",
        "DROP USER MAPPING FOR PUBLIC SERVER far",
        "ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (SET password 'hunter3', DROP \"user\")",
        "ALTER SERVER far OPTIONS (SET host 'b', DROP password)",
        "ALTER SERVER far OPTIONS (SET password 'hunter3')",
        "DROP FOREIGN TABLE distant",
        "ALTER FOREIGN TABLE distant OPTIONS (SET password 'hunter3')",
    ],
)
def test_a_lost_secret_is_named_and_stored_nowhere(
    sql, given, guarded, store, dsn, tmp_path, caplog
):
    given(SECRETS)
    caplog.set_level("DEBUG")
    connection = guarded(snapshot_at="LOW")
    connection.cursor().execute(sql)
    connection.close()
    snapshot = backstop.snapshots.list(store)[-1]
    report = backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert any("option password of" in said for said in report.plan.not_covered)
    assert not report.complete
    after = dump(dsn)
    assert "host 'a'" in after
    assert "\"user\" 'me'" in after
    assert "place 'there'" in after
    backstop.restore(snapshot.id, storage=store, dsn=dsn)
    assert dump(dsn) == after
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hunter" not in stored
    assert "hunter" not in caplog.text


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SERVER far RENAME TO near",
        "ALTER SERVER far VERSION '2'",
        "DROP USER MAPPING FOR PUBLIC SERVER far; CREATE USER MAPPING FOR PUBLIC SERVER far "
        "OPTIONS (password 'hunter2')",
    ],
)
def test_a_kept_secret_is_not_named(sql, given, comes_back):
    given(SECRETS)
    assert comes_back(sql).plan.not_covered == ()


def test_comments_on_what_a_partition_has_from_its_parent_stay_its_own(given, comes_back):
    given(
        "CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);"
        "CREATE TABLE event_all PARTITION OF event DEFAULT;"
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER quiet AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION nothing();"
        "COMMENT ON TRIGGER quiet ON event IS 'of all';"
        "COMMENT ON TRIGGER quiet ON event_all IS 'of one'"
    )
    comes_back("DROP TABLE event")


@pytest.mark.parametrize(
    "sql",
    [
        "REVOKE ALL ON FUNCTION pg_catalog.pg_ls_waldir() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.lower(text) FROM PUBLIC",
        "GRANT SELECT ON pg_catalog.pg_authid TO PUBLIC",
        "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ],
)
def test_grants_on_what_the_server_brings_come_back(sql, connect, comes_back):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO PUBLIC;"
        "GRANT CREATE ON SCHEMA public TO PUBLIC"
    )
    comes_back(sql)
