-- A database in which names mean more than they seem to; names.tsv says what using them may do.
CREATE SCHEMA app;
CREATE TABLE item (id int PRIMARY KEY, name text);
INSERT INTO item SELECT g, 'n' || g FROM generate_series(1, 5) AS g;
CREATE SEQUENCE ticket;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TYPE pair AS (a int, b int);

CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM item; RETURN 1; END $$;
CREATE FUNCTION hidden_wipe() RETURNS int LANGUAGE sql STABLE AS 'SELECT wipe()';
CREATE FUNCTION wipe_all(int) RETURNS int LANGUAGE sql AS 'DELETE FROM item; SELECT 1';
CREATE FUNCTION wipe_by_loop() RETURNS int LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    FOR r IN DELETE FROM item RETURNING * LOOP NULL; END LOOP;
    RETURN 1;
END $$;
CREATE FUNCTION wipe_by_text() RETURNS int LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'DELETE FROM ' || 'item'; RETURN 1; END $$;
CREATE FUNCTION wipe_pair(int, int) RETURNS int LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION wipe_by_default(x int DEFAULT wipe()) RETURNS int LANGUAGE sql AS 'SELECT x';
CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION emptied(item) RETURNS int LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION "Odd name"() RETURNS int LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION app.wipe_there() RETURNS int LANGUAGE sql AS 'SELECT wipe()';
CREATE FUNCTION mood_of(text) RETURNS mood LANGUAGE sql AS $$ SELECT wipe(); SELECT 'bad'::mood $$;
CREATE PROCEDURE wipe_by_call() LANGUAGE sql AS 'TRUNCATE item';
CREATE FUNCTION adds() RETURNS int LANGUAGE sql AS $$ INSERT INTO item VALUES (100, 'x') RETURNING id $$;
CREATE FUNCTION become() RETURNS text LANGUAGE sql AS $$ SELECT set_config('role', 'none', false) $$;
CREATE FUNCTION noted() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 'c', true) $$;
CREATE FUNCTION stable_text() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM item' INTO n; RETURN n; END $$;

CREATE FUNCTION counted(lowest int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint := 0;
    r item%ROWTYPE;
BEGIN
    IF (lowest > 0) THEN
        SELECT count(*) INTO found FROM item WHERE id >= lowest;
    ELSE
        FOR r IN SELECT * FROM item ORDER BY id LOOP
            found := found + CASE WHEN r.id > 0 THEN 1 ELSE 0 END;
            CONTINUE WHEN (r.name IS NULL);
        END LOOP;
    END IF;
    RETURN (found);
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'none of %', lowest;
    RETURN NULL;
END $$;
CREATE FUNCTION app.tenant() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('app.tenant', true) $$;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION ping(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN pong($1); END $$;
CREATE FUNCTION pong(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RETURN CASE WHEN $1 > 3 THEN ping($1 - 1) ELSE 0 END; END $$;
CREATE FUNCTION emptier(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RETURN CASE WHEN $1 > 3 THEN fuller($1 - 1) ELSE wipe() END; END $$;
CREATE FUNCTION fuller(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN emptier($1); END $$;
CREATE FUNCTION add_up(int, int) RETURNS int LANGUAGE sql AS 'SELECT COALESCE($1, 0) + $2';
CREATE FUNCTION shown(item) RETURNS text LANGUAGE sql AS $$ SELECT $1.id || ' ' || $1.name $$;

CREATE FUNCTION wipe_moods(mood, mood) RETURNS bool LANGUAGE sql AS 'SELECT wipe() > 0';
CREATE OPERATOR <<<< (FUNCTION = wipe_pair, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR ^@ (FUNCTION = wipe_moods, LEFTARG = mood, RIGHTARG = mood);
CREATE OPERATOR ## (FUNCTION = pg_catalog.setval, LEFTARG = regclass, RIGHTARG = bigint);
CREATE OPERATOR |+| (FUNCTION = add_up, LEFTARG = int, RIGHTARG = int);
CREATE AGGREGATE wiped(int) (SFUNC = wipe_pair, STYPE = int);
CREATE AGGREGATE total(int) (SFUNC = add_up, STYPE = int);
CREATE AGGREGATE settings(text, boolean) (SFUNC = set_config, STYPE = text);
CREATE CAST (text AS mood) WITH FUNCTION mood_of(text);
CREATE DOMAIN wiping AS int CHECK (VALUE >= hidden_wipe());
CREATE DOMAIN positive AS int CHECK (twice(VALUE) > 0);

CREATE VIEW report AS SELECT id, wipe() AS n FROM item;
CREATE VIEW monthly AS SELECT count(*) AS n FROM report;
CREATE VIEW spent AS SELECT nextval('ticket') AS n;
CREATE VIEW renamed AS SELECT id, counted(id) AS n, twice(id) AS t FROM item;
CREATE TABLE guarded (id int);
INSERT INTO guarded VALUES (1);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY checking ON guarded USING (hidden_wipe() > 0);
CREATE TABLE tenants (id int, name text);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (name = app.tenant());
CREATE TEMPORARY VIEW passing AS SELECT * FROM monthly;
CREATE FUNCTION pg_temp.harmless() RETURNS int LANGUAGE sql AS 'SELECT 1';
