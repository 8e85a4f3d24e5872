"""Writes whole statements at random, over the live schema, of every kind that may hide a change.

None of them ends the transaction that undoes it, reaches beyond its database or waits for anything.
"""

from __future__ import annotations

from testing.live_schema import TABLES
from testing.sql_conditions import Choose, Conditions, Scope

_READ_FUNCTIONS = ("now()", "random()", "version()", "pg_backend_pid()", "currval('counter')")
_WRITE_FUNCTIONS = (
    "wipe()",
    "wipe(age::int)",
    "nextval('counter')",
    "pg_catalog.nextval('counter')",
    "setval('counter', 5)",
    "lo_create(0)",
    "lo_from_bytea(0, 'a')",
    "set_config('session_replication_role', 'replica', false)",
    "set_config('standard_conforming_strings', 'off', false)",
    "query_to_xml('SELECT wipe()', true, false, '')",
    "table_to_xml('users', true, false, '')",
    "ts_stat('SELECT to_tsvector(wipe()::text)')",
)
_DEFINITIONS = (
    "CREATE TABLE made (id int)",
    "CREATE TEMP TABLE made AS SELECT * FROM users",
    "CREATE TABLE made (LIKE users INCLUDING ALL)",
    "CREATE VIEW made AS SELECT * FROM users",
    "CREATE OR REPLACE VIEW v AS SELECT * FROM empty",
    "CREATE MATERIALIZED VIEW made AS SELECT id FROM users",
    "CREATE INDEX made ON users (age)",
    "CREATE UNIQUE INDEX ON users (id, age)",
    "CREATE SEQUENCE made",
    "CREATE TYPE made AS (a int)",
    "CREATE DOMAIN made AS text",
    "CREATE SCHEMA made CREATE TABLE inside (id int)",
    "CREATE RULE made AS ON INSERT TO empty DO INSTEAD NOTHING",
    "CREATE RULE made AS ON UPDATE TO empty DO ALSO DELETE FROM users",
    "CREATE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION made() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END",
    "CREATE STATISTICS made ON age, id FROM users",
    "CREATE POLICY made ON users USING (true)",
    "ALTER TABLE users ADD COLUMN made int DEFAULT 5",
    "ALTER TABLE users ADD COLUMN made float DEFAULT random()",
    "ALTER TABLE users DROP COLUMN a CASCADE",
    "ALTER TABLE parent DROP amount",
    "ALTER TABLE ONLY events ALTER COLUMN name SET STATISTICS 5",
    "ALTER TABLE orders ALTER name TYPE varchar",
    "ALTER TABLE orders ALTER COLUMN name SET DATA TYPE varchar(3) USING left(name, 3)",
    "ALTER TABLE orders ALTER amount TYPE text",
    "ALTER TABLE orders ALTER score TYPE numeric(30, 0)",
    "ALTER TABLE orders ALTER created TYPE date",
    'ALTER TABLE orders ALTER created TYPE text COLLATE "C", ALTER org_id TYPE text',
    "ALTER TABLE orders RENAME TO made",
    "ALTER TABLE orders RENAME name TO made",
    "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
    "ALTER TABLE events DETACH PARTITION events_0",
    "ALTER TABLE child NO INHERIT parent",
    "ALTER TABLE orders SET UNLOGGED",
    "ALTER TABLE orders DISABLE TRIGGER USER",
    "ALTER TYPE color ADD VALUE 'blue'",
    "ALTER TYPE color RENAME VALUE 'red' TO 'blue'",
    "ALTER TYPE pair DROP ATTRIBUTE a",
    "ALTER TYPE pair ALTER ATTRIBUTE a TYPE text",
    "ALTER DOMAIN small DROP NOT NULL",
    "ALTER SEQUENCE counter RESTART",
    "ALTER SCHEMA three RENAME TO made",
    "ALTER FUNCTION f() RENAME TO made",
    "DROP TABLE empty CASCADE",
    'DROP TABLE "Order Lines"',
    "DROP TABLE IF EXISTS orders, parent CASCADE",
    "DROP VIEW v",
    "DROP VIEW adults CASCADE",
    "DROP MATERIALIZED VIEW m",
    "DROP INDEX i",
    "DROP SEQUENCE counter",
    "DROP TYPE color",
    "DROP DOMAIN small",
    "DROP FUNCTION f()",
    "DROP ROUTINE wipe",
    "DROP SCHEMA three CASCADE",
    "DROP OWNED BY CURRENT_USER",
    "DROP EXTENSION plpgsql",
    "TRUNCATE users",
    "TRUNCATE TABLE ONLY parent, orders RESTART IDENTITY",
    "TRUNCATE events_0, events_1",
    "COMMENT ON TABLE users IS 'a'",
    "GRANT SELECT ON users TO PUBLIC",
    "REVOKE ALL ON users FROM PUBLIC CASCADE",
    "REFRESH MATERIALIZED VIEW m",
    "REFRESH MATERIALIZED VIEW m WITH NO DATA",
    "ANALYZE users",
    "REINDEX TABLE users",
    "CLUSTER users USING users_pkey",
    "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
    "CALL p()",
    "NOTIFY channel, 'x'",
    "LISTEN channel",
    "SET search_path = public",
    "SET LOCAL work_mem = '1MB'",
    "SET ROLE NONE",
    "SET session_replication_role = replica",
    "SET standard_conforming_strings = off",
    "SET TRANSACTION READ ONLY",
    "RESET ALL",
    "DISCARD PLANS",
    "DISCARD TEMP",
    "SHOW ALL",
    "DEALLOCATE ALL",
)


class Statements:
    """Writes statements, each with a depth that bounds how much it may hold."""

    def __init__(self, choose: Choose[str]) -> None:
        self.choose = choose
        self.conditions = Conditions(choose)

    def maybe(self) -> bool:
        """Toss a coin."""
        return self.choose(("yes", "no")) == "yes"

    def statement(self, depth: int) -> str:
        """Write a text of one statement, or of several, in odd cases and with comments."""
        text = self._dressed(self._one(depth))
        if self.choose(("one",) * 6 + ("two",)) == "two":
            text = f"{text}; {self._one(depth)}"
        return text

    def _one(self, depth: int) -> str:
        kinds = ("row", "row", "row", "read", "read", "definition", "wrapped", "block", "with")
        return str(getattr(self, f"_{self.choose(kinds)}")(depth))

    def _dressed(self, text: str) -> str:
        style = self.choose(("plain", "plain", "comment", "line", "spaces"))
        head, space, rest = text.partition(" ")
        return {
            "plain": text,
            "comment": f"/* a /* DELETE */ ' */{head}/**/{space}{rest} /* trace='1' */",
            "line": f"-- DROP TABLE users\n{head}\n{rest}-- '",
            "spaces": f"\t{self.choose((head.lower(), head.title()))}\f\v  {rest} ;; ",
        }[style]

    def _definition(self, _depth: int) -> str:
        return self.choose(_DEFINITIONS)

    def _row(self, depth: int) -> str:
        """Write one statement that changes rows."""
        table = self.choose(TABLES)
        kind = self.choose(("DELETE", "DELETE", "UPDATE", "UPDATE", "INSERT", "MERGE"))
        if kind in ("INSERT", "MERGE"):
            return self._insert(table) if kind == "INSERT" else self._merge(table, depth)
        only = self.choose(("", "", "ONLY ", "star"))
        named = f"{table} *" if only == "star" else f"{only}{table}"
        alias = self.choose(("", "AS t", "t", 'AS "T x"', "AS orders", "AS users"))
        name = alias.replace("AS ", "") or table
        scope = Scope((name,))
        joins = ""
        if self.choose(("alone", "alone", "joined")) == "joined":
            scope = Scope((name, "other"), bare=False)
            joins = f" {'USING' if kind == 'DELETE' else 'FROM'} {self._source()} AS other"
        where = self._where(scope, depth)
        returning = self.choose(("", "", " RETURNING *", " RETURNING 1"))
        if kind == "DELETE":
            return f"DELETE FROM {named} {alias}{joins}{where}{returning}"
        return f"UPDATE {named} {alias} SET {self._assigned()}{joins}{where}{returning}"

    def _source(self) -> str:
        table = self.choose(TABLES)
        return self.choose((table, table, f"(SELECT * FROM {table})", f"(TABLE {table})"))

    def _where(self, scope: Scope, depth: int) -> str:
        if self.choose(("some", "some", "some", "none")) == "none":
            return self.choose(("", " /* WHERE id = 1 */", "\n-- WHERE id = 1\n"))
        return f" WHERE {self.conditions.condition(scope, depth)}"

    def _assigned(self) -> str:
        value = self.choose(
            (
                "'x'",
                "DEFAULT",
                "(SELECT max(name) FROM users WHERE id = 1)",
                "CASE WHEN 1 = 1 THEN 'a' END",
                "ARRAY['x', 'y']::text",
            )
        )
        if self.maybe():
            return f"name = {value}"
        return f"(name, state) = ROW ({value}, 'y')"

    def _insert(self, table: str) -> str:
        source = self.choose(
            (
                "VALUES (2000)",
                "VALUES (2000), (2001)",
                f"SELECT id + 5000 FROM {self.choose(TABLES)}",
                f"({self._with(0)})",
                "SELECT wipe()",
            )
        )
        conflict = self.choose(
            ("", "", " ON CONFLICT DO NOTHING", " ON CONFLICT (id) DO UPDATE SET name = 'x'")
        )
        return f"INSERT INTO {table} (id) {source}{conflict}{self.choose(('', ' RETURNING id'))}"

    def _merge(self, table: str, depth: int) -> str:
        on = self.conditions.condition(Scope(("t", "other"), bare=False), max(depth - 1, 0))
        on = self.choose(("t.id = other.id", on))
        action = self.choose(("UPDATE SET name = 'x'", "DELETE", "DO NOTHING"))
        clauses = f"WHEN MATCHED{self.choose(('', ' AND t.id > 5'))} THEN {action}"
        if self.maybe():
            clauses += " WHEN NOT MATCHED THEN INSERT (id) VALUES (other.id)"
        return f"MERGE INTO {table} AS t USING {self._source()} AS other ON {on} {clauses}"

    def _read(self, depth: int) -> str:
        """Write one query; the functions that it calls may have effects."""
        table = self.choose(TABLES)
        calls = self.choose(_READ_FUNCTIONS), self.choose(_WRITE_FUNCTIONS)
        call = self.choose((calls[0], calls[0], calls[1], "id"))
        condition = self.conditions.condition(Scope(("t",)), depth)
        return self.choose(
            (
                f"SELECT t.*, {call} FROM {table} AS t WHERE {condition}",
                f"SELECT count(*) FROM {table} t WHERE {condition} GROUP BY age HAVING true",
                f"SELECT id FROM {table} t WHERE {condition} UNION ALL SELECT 1 EXCEPT SELECT 2",
                f"SELECT DISTINCT ON (age) {call} FROM {table} AS t ORDER BY age, {call} LIMIT 5",
                f"SELECT * FROM {table} t WHERE {condition} FOR UPDATE",
                f"SELECT * INTO made FROM {table} AS t WHERE {condition}",
                f"SELECT sum(age) OVER (ORDER BY {call}) FROM {table} t",
                f"SELECT (SELECT (SELECT {call} FROM {table} AS t LIMIT 1))",
                f"SELECT * FROM {table} t JOIN orders o USING (id) JOIN users u ON {condition}",
                f"SELECT * FROM {table} t, LATERAL (SELECT {call} AS c) AS x WHERE {condition}",
                f"VALUES ({calls[0]}, 1), ({calls[0]}, 2)",
                f"TABLE {table}",
                f"((SELECT 'DROP TABLE users' FROM {table} AS t WHERE {condition}))",
                f"SELECT * FROM adults AS t WHERE {condition}",
                f"SELECT t.id AS \"delete\", 'it''s; DELETE FROM users' FROM {table} AS t",
                f"SELECT x FROM generate_series(1, 3) AS x WHERE {calls[1]} IS NOT NULL",
            )
        )

    def _with(self, depth: int) -> str:
        """Write a statement with WITH entries, some of which write."""
        inner = self._read(0) if self.maybe() else f"{self._row(max(depth - 1, 0))}"
        if "RETURNING" not in inner and not inner.startswith(("SELECT", "TABLE", "VALUES")):
            inner += " RETURNING 1"
        hint = self.choose(("", "", "MATERIALIZED ", "NOT MATERIALIZED "))
        recursive = self.choose(("", "", "RECURSIVE "))
        main = self.choose(("SELECT 1", "TABLE x", "SELECT * FROM x", self._row(max(depth - 1, 0))))
        more = self.choose(("", ", y(a) AS (SELECT 1)", ', "delete" AS (SELECT 2)'))
        return f"WITH {recursive}x AS {hint}({inner}){more} {main}"

    def _wrapped(self, depth: int) -> str:
        inner = self.choose(("row", "read", "with"))
        text = str(getattr(self, f"_{inner}")(depth))
        return self.choose(
            (
                f"EXPLAIN {text}",
                f"EXPLAIN ANALYZE {text}",
                f"EXPLAIN (ANALYZE, COSTS OFF) {text}",
                f"EXPLAIN (ANALYZE false) {text}",
                f"EXPLAIN(\"analyze\" 'on', verbose){text}",
                f"PREPARE made AS {text}",
                f"PREPARE made (int) AS {text}",
                f"DECLARE made CURSOR FOR {text}",
                f"DECLARE made CURSOR WITH HOLD FOR {text}",
                f"COPY ({text}) TO STDOUT",
                f"COPY {self.choose(TABLES)} TO STDOUT",
                f"COPY {self.choose(TABLES)} (id) FROM STDIN WHERE id > 5",
                f"CREATE TABLE made AS {text}",
                f"CREATE TEMP VIEW made AS {text}",
                f"CREATE MATERIALIZED VIEW made AS {text}",
                f"EXPLAIN ANALYZE CREATE TABLE made AS {text}",
                f"PREPARE made AS {text}; EXPLAIN ANALYZE EXECUTE made",
                f"PREPARE made AS {text}; EXECUTE made",
            )
        )

    def _block(self, depth: int) -> str:
        """Write a DO block that runs a statement in one of PL/pgSQL's ways."""
        text = self._row(depth)
        silent = text.partition(" RETURNING")[0]
        body = self.choose(
            (
                f"{silent};",
                f"IF true THEN {silent}; END IF;",
                f"FOR r IN {silent} RETURNING 1 AS x LOOP NULL; END LOOP;",
                f"EXECUTE $x${text}$x$;",
                "PERFORM wipe();",
                "PERFORM 1; -- DELETE FROM users\n",
                f"BEGIN {silent}; EXCEPTION WHEN OTHERS THEN NULL; END;",
                f"<<a>> BEGIN CASE WHEN true THEN {silent}; END CASE; END;",
            )
        )
        quote = self.choose(("$$", "$a$"))
        return f"DO {quote} DECLARE r record; BEGIN {body} END {quote}"
