-- What an ordinary role may own, in a database of its own. Run as a superuser, who becomes that role.

-- What lets it make foreign servers

CREATE FOREIGN DATA WRAPPER every_wrapper;
GRANT USAGE ON FOREIGN DATA WRAPPER every_wrapper TO :owner;
SET ROLE :owner;

-- Schemas, and what their objects are granted by default

CREATE SCHEMA shop;
CREATE SCHEMA crm;
CREATE SCHEMA report;
CREATE SCHEMA empty;
GRANT ALL ON SCHEMA shop, crm, report TO :other;
GRANT USAGE ON SCHEMA shop TO :clerk WITH GRANT OPTION;
GRANT USAGE ON SCHEMA shop, crm TO :reader, PUBLIC;
SET ROLE :clerk;
GRANT USAGE ON SCHEMA shop TO :writer;
SET ROLE :owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO :reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO :writer WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO :reader, :writer;

-- Types

CREATE TYPE shop.state AS ENUM ('new', 'paid', 'it''s sent');
ALTER TYPE shop.state ADD VALUE 'held' BEFORE 'paid';
CREATE TYPE shop.color AS ENUM ('red', 'green');
CREATE TYPE shop.nothing AS ENUM ();
CREATE TYPE shop.address AS (street text COLLATE "C", city varchar(40), zip int);
CREATE TYPE shop.bare AS ();
CREATE TYPE crm.contact AS (name text, home shop.address, states shop.state[]);
CREATE FUNCTION shop.time_distance(time, time) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT
    AS 'SELECT extract(epoch FROM $1 - $2)::float8';
CREATE TYPE shop.time_range AS RANGE (subtype = time, subtype_diff = shop.time_distance);
CREATE TYPE shop.text_range AS RANGE (subtype = text, collation = "C");
\if :since_14
CREATE TYPE shop.price_range AS RANGE (subtype = numeric, multirange_type_name = shop.prices);
\endif
CREATE DOMAIN shop.email AS text COLLATE "C" CONSTRAINT has_at CHECK (VALUE ~ '@')
    CONSTRAINT short CHECK (length(VALUE) < 200);
CREATE DOMAIN shop.positive AS int DEFAULT 1 NOT NULL CHECK (VALUE > 0);
CREATE DOMAIN crm.state AS shop.state DEFAULT 'new' CHECK (VALUE <> 'it''s sent');
CREATE DOMAIN crm.few AS shop.positive CHECK (VALUE < 10);
CREATE DOMAIN crm.states AS shop.state[];
ALTER DOMAIN crm.few ADD CONSTRAINT even CHECK (VALUE % 2 = 0) NOT VALID;
CREATE DOMAIN crm.home AS shop.address CHECK ((VALUE).zip > 0);
GRANT USAGE ON TYPE shop.state TO :reader;
GRANT USAGE ON DOMAIN shop.email TO :reader WITH GRANT OPTION;
REVOKE USAGE ON TYPE shop.address FROM PUBLIC;
CREATE COLLATION shop.plain FROM "C";
\if :has_icu
CREATE COLLATION shop.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
\endif
CREATE CONVERSION shop.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- Functions, procedures, aggregates, operators, casts

CREATE FUNCTION shop.taxed(amount numeric, rate numeric DEFAULT 0.2) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 7 AS 'SELECT amount * (1 + rate)';
CREATE FUNCTION shop.taxed(amount int) RETURNS int LANGUAGE sql IMMUTABLE STRICT
    AS 'SELECT amount * 2';
CREATE FUNCTION shop.joined(VARIADIC texts text[]) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT array_to_string($1, ',') $$;
CREATE FUNCTION shop.first_of(anyarray) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1[1]';
CREATE FUNCTION shop.divided(a int, b int, OUT whole int, OUT rest int) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, shop SET work_mem = '8MB'
    AS $$ BEGIN whole := a / b; rest := a % b; END $$;
CREATE FUNCTION shop.numbers(n int DEFAULT 3) RETURNS TABLE (number int, word text)
    LANGUAGE sql STABLE ROWS 12 AS $$ SELECT g, 'n' || g FROM generate_series(1, n) AS g $$;
CREATE FUNCTION shop.touched() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN coalesce(NEW, OLD); END $$;
CREATE FUNCTION shop.is_big(shop.state, int) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS $$ SELECT $1 > 'new'::shop.state AND $2 > 10 $$;
CREATE FUNCTION shop.of_state(shop.state) RETURNS int LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE $1 WHEN 'new' THEN 1 ELSE 2 END $$;
CREATE FUNCTION shop.of_address(shop.address) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT ($1).street || ', ' || ($1).city $$;
CREATE PROCEDURE shop.noted(INOUT n int DEFAULT 0, note text DEFAULT 'it''s') LANGUAGE plpgsql
    AS $$ BEGIN n := n + 1; END $$;
\if :since_14
CREATE FUNCTION shop.standard(n int) RETURNS int LANGUAGE sql IMMUTABLE
    RETURN shop.taxed(n) + 1;
CREATE PROCEDURE shop.told(n int, OUT told int) LANGUAGE plpgsql AS $$ BEGIN told := n; END $$;
CREATE FUNCTION shop.wide(VARIADIC anycompatiblearray) RETURNS int LANGUAGE sql
    AS 'SELECT cardinality($1)';
\endif
GRANT EXECUTE ON FUNCTION shop.taxed(numeric, numeric) TO :clerk WITH GRANT OPTION;
GRANT EXECUTE ON PROCEDURE shop.noted(int, text) TO :reader;

CREATE FUNCTION shop.added(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION shop.taken(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE FUNCTION shop.halved(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION shop.counted(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION shop.collected(int[], int) RETURNS int[] LANGUAGE sql IMMUTABLE
    AS 'SELECT $1 || $2';
CREATE FUNCTION shop.picked(int[], int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1[$2]';
CREATE AGGREGATE shop.total(int) (sfunc = shop.added, stype = int, initcond = '0',
    combinefunc = shop.added, parallel = safe);
CREATE AGGREGATE shop.half_total(int) (sfunc = shop.added, stype = int, finalfunc = shop.halved,
    msfunc = shop.added, minvfunc = shop.taken, mstype = int, minitcond = '0', initcond = '0');
CREATE AGGREGATE shop.all_rows(*) (sfunc = shop.counted, stype = int, initcond = '0');
CREATE AGGREGATE shop.nth(int ORDER BY int) (sfunc = shop.collected, stype = int[],
    initcond = '{}', finalfunc = shop.picked);
GRANT EXECUTE ON FUNCTION shop.total(int) TO :reader;

CREATE FUNCTION shop.alike(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT lower($1) = lower($2)';
CREATE FUNCTION shop.unlike(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT lower($1) <> lower($2)';
CREATE FUNCTION shop.negated(shop.color) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT 'not ' || $1::text $$;
CREATE OPERATOR shop.=~= (leftarg = text, rightarg = text, function = shop.alike,
    commutator = OPERATOR(shop.=~=), negator = OPERATOR(shop.<~>),
    restrict = eqsel, join = eqjoinsel);
CREATE OPERATOR shop.<~> (leftarg = text, rightarg = text, function = shop.unlike,
    commutator = OPERATOR(shop.<~>), negator = OPERATOR(shop.=~=));
CREATE OPERATOR shop.!! (rightarg = shop.color, function = shop.negated);
CREATE OPERATOR report.+| (leftarg = int, rightarg = int, function = shop.added);
CREATE CAST (shop.state AS int) WITH FUNCTION shop.of_state(shop.state) AS ASSIGNMENT;
CREATE CAST (shop.address AS text) WITH FUNCTION shop.of_address(shop.address);
CREATE CAST (shop.color AS shop.state) WITH INOUT AS IMPLICIT;

-- Text search

CREATE TEXT SEARCH DICTIONARY shop.stems (template = simple, accept = false);
CREATE TEXT SEARCH DICTIONARY shop.words (template = simple);
CREATE TEXT SEARCH CONFIGURATION shop.search (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION shop.search
    ALTER MAPPING FOR asciiword, word WITH shop.stems, shop.words, simple;
ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR url;

-- Foreign data

CREATE SERVER far FOREIGN DATA WRAPPER every_wrapper OPTIONS (host 'far.example', port '5432');
CREATE SERVER farther TYPE 'kind' VERSION '1.0' FOREIGN DATA WRAPPER every_wrapper;
CREATE USER MAPPING FOR :owner SERVER far OPTIONS ("user" 'me');
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE FOREIGN TABLE shop.far_away (
    id int OPTIONS (column_name 'ID') NOT NULL, state shop.state DEFAULT 'new',
    CONSTRAINT positive CHECK (id > 0)
) SERVER far OPTIONS (table_name 'far_away');
GRANT USAGE ON FOREIGN SERVER far TO :reader;

-- Sequences

CREATE SEQUENCE shop.tickets AS int INCREMENT BY 5 START 100 MAXVALUE 100000 CACHE 10 CYCLE;
CREATE SEQUENCE shop.unused;
CREATE SEQUENCE shop.down INCREMENT BY -1;
SELECT nextval('shop.tickets'), nextval('shop.tickets'), setval('shop.down', -42, false);
GRANT UPDATE ON SEQUENCE shop.tickets TO :reader;

-- Tables

CREATE TABLE shop.customer (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 3) PRIMARY KEY,
    email shop.email UNIQUE,
    name text COLLATE shop.plain NOT NULL,
    home shop.address,
    state shop.state NOT NULL DEFAULT 'new',
    shade shop.color,
    tags text[] DEFAULT '{}',
    profile jsonb,
    referrer bigint CONSTRAINT referred REFERENCES shop.customer ON DELETE SET NULL
        DEFERRABLE INITIALLY DEFERRED,
    points shop.positive,
    number int DEFAULT nextval('shop.tickets'),
    label text GENERATED ALWAYS AS (id || ':' || name) STORED,
    CONSTRAINT named CHECK (name <> ''),
    CONSTRAINT known CHECK (shop.is_big(state, points) IS NOT NULL) NO INHERIT
);
INSERT INTO shop.customer (email, name, home, shade, referrer, profile)
    SELECT 'c' || g || '@example.org', 'name ' || g, ('street', 'city', g)::shop.address, 'red',
        CASE WHEN g > 3 THEN 10 END, jsonb_build_object('n', g) FROM generate_series(1, 9) AS g;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE shop.customer ALTER name SET STATISTICS 250, ALTER profile SET STORAGE EXTERNAL,
    ALTER tags SET (n_distinct = -0.5), ADD CONSTRAINT tagged CHECK (tags IS NOT NULL) NOT VALID;
\if :since_14
ALTER TABLE shop.customer ALTER profile SET COMPRESSION pglz;
\endif

CREATE TABLE shop.product (
    gone_first int,
    id serial PRIMARY KEY,
    sku varchar(20) NOT NULL,
    price numeric(10, 2) DEFAULT 9.99 CHECK (price >= 0),
    sold shop.time_range,
    doc tsvector,
    maker text DEFAULT shop.joined('a', 'b'),
    CONSTRAINT by_sku UNIQUE (sku) INCLUDE (price) WITH (fillfactor = 80),
    CONSTRAINT once EXCLUDE USING gist (sold WITH &&) WHERE (price > 0) DEFERRABLE
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
INSERT INTO shop.product (gone_first, sku, price, sold, maker)
    SELECT g, 'sku ' || g, g, shop.time_range(make_time(g, 0, 0), make_time(g, 30, 0)), 'maker ' || g % 2 FROM generate_series(1, 8) AS g;
ALTER TABLE shop.product DROP gone_first;
CREATE INDEX product_price ON shop.product USING btree (price DESC NULLS LAST) WHERE price > 1;
CREATE INDEX product_taxed ON shop.product (shop.taxed(price), (lower(sku) COLLATE "C"));
ALTER INDEX shop.product_taxed ALTER COLUMN 1 SET STATISTICS 77;
CREATE INDEX product_maker ON shop.product USING hash (maker);
CREATE INDEX product_doc ON shop.product USING gin (doc) WITH (fastupdate = off);
CREATE INDEX product_brin ON shop.product USING brin (id) WITH (pages_per_range = 16);
CREATE INDEX product_words ON shop.product USING gin (to_tsvector('shop.search', maker));
CREATE INDEX product_prefix ON shop.product (maker text_pattern_ops) INCLUDE (price);
CREATE INDEX product_spgist ON shop.product USING spgist (maker);
CREATE UNIQUE INDEX product_alone ON shop.product (id, sku) WHERE maker IS NOT NULL;
ALTER TABLE shop.product CLUSTER ON product_pkey;
CREATE STATISTICS shop.makers (ndistinct, dependencies) ON maker, price FROM shop.product;
ALTER STATISTICS shop.makers SET STATISTICS 55;
\if :since_14
CREATE STATISTICS report.taxed ON shop.taxed(price), maker FROM shop.product;
\endif

CREATE TABLE shop.orders (
    id bigint NOT NULL,
    customer bigint NOT NULL REFERENCES shop.customer ON DELETE CASCADE,
    region text NOT NULL DEFAULT 'north',
    ordered date NOT NULL,
    state shop.state DEFAULT 'new',
    amount numeric,
    hidden boolean DEFAULT false,
    CONSTRAINT orders_key PRIMARY KEY (id, ordered, region),
    CONSTRAINT orders_amount CHECK (amount > 0)
) PARTITION BY RANGE (ordered);
CREATE TABLE shop.orders_2024 PARTITION OF shop.orders
    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') WITH (fillfactor = 60);
CREATE TABLE shop.orders_2025 PARTITION OF shop.orders
    FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (region);
CREATE TABLE shop.orders_2025_north PARTITION OF shop.orders_2025 FOR VALUES IN ('north', 'east');
CREATE TABLE shop.orders_2025_rest (
    gone int, hidden boolean, id bigint NOT NULL, customer bigint NOT NULL, region text NOT NULL,
    ordered date NOT NULL, state shop.state, amount numeric,
    CONSTRAINT orders_amount CHECK (amount > 0)
);
ALTER TABLE shop.orders_2025_rest DROP gone;
ALTER TABLE shop.orders_2025 ATTACH PARTITION shop.orders_2025_rest DEFAULT;
CREATE TABLE crm.orders_other PARTITION OF shop.orders DEFAULT;
INSERT INTO shop.orders SELECT g, 10 + 3 * (g % 9), (array['north', 'south'])[1 + g % 2],
    date '2024-06-01' + g * 20, 'paid', g FROM generate_series(1, 40) AS g;
CREATE INDEX orders_state ON shop.orders (state) WHERE NOT hidden;
CREATE INDEX orders_2024_amount ON shop.orders_2024 (amount);
CREATE INDEX orders_amount ON shop.orders (amount);
CREATE INDEX orders_2024_own ON shop.orders_2024 (customer, amount);
ALTER TABLE shop.orders_2024 ALTER state SET DEFAULT 'paid', ADD CHECK (id > 0);
ALTER TABLE shop.orders REPLICA IDENTITY FULL;

CREATE TABLE shop.item (
    orders bigint, ordered date, region text, line int, product int REFERENCES shop.product,
    amount shop.positive,
    PRIMARY KEY (orders, line),
    CONSTRAINT of_order FOREIGN KEY (orders, ordered, region) REFERENCES shop.orders
        ON UPDATE CASCADE ON DELETE CASCADE
);
INSERT INTO shop.item SELECT id, ordered, region, 1, 1 + id % 8, 2 FROM shop.orders;
ALTER TABLE shop.item ADD CONSTRAINT by_sku FOREIGN KEY (product) REFERENCES shop.product
    DEFERRABLE NOT VALID;

CREATE TABLE shop.event (id int, at timestamptz DEFAULT '2026-01-01', kind text)
    PARTITION BY HASH (id);
CREATE TABLE shop.event_0 PARTITION OF shop.event FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO shop.event (id, kind) SELECT g, 'kind' FROM generate_series(1, 10) AS g;

CREATE TABLE shop.thing (id int PRIMARY KEY, name text NOT NULL DEFAULT 'thing',
    CONSTRAINT named CHECK (name <> ''));
CREATE TABLE shop.marked (mark int CHECK (mark < 100), name text);
CREATE TABLE crm.chair (legs int, name text DEFAULT 'chair') INHERITS (shop.thing, shop.marked);
CREATE TABLE crm.stool (round boolean) INHERITS (crm.chair);
INSERT INTO shop.thing VALUES (1, 'one'), (2, 'two');
INSERT INTO crm.chair VALUES (3, 'three', 3, 4);
INSERT INTO crm.stool VALUES (4, 'four', 4, 3, true);

CREATE TABLE shop.house OF shop.address (street WITH OPTIONS NOT NULL DEFAULT 'street',
    PRIMARY KEY (zip));
INSERT INTO shop.house VALUES ('a', 'b', 1), ('c', 'd', 2);
CREATE UNLOGGED TABLE shop.cache (key text PRIMARY KEY, value bytea);
INSERT INTO shop.cache VALUES ('k', '\x00ff');
CREATE TABLE shop.log (id int GENERATED BY DEFAULT AS IDENTITY, who name DEFAULT 'me', what text);
INSERT INTO shop.log (what) SELECT 'what ' || g FROM generate_series(1, 5) AS g;
ALTER TABLE shop.log REPLICA IDENTITY NOTHING, ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.log FOR ALL TO PUBLIC USING (who = current_user);
CREATE POLICY strict ON shop.log AS RESTRICTIVE FOR UPDATE TO :reader, :writer
    USING (id > 0) WITH CHECK (what <> '');
CREATE POLICY seen ON shop.customer FOR SELECT TO :reader USING (state = 'paid');
CREATE TABLE shop.none ();
INSERT INTO shop.none DEFAULT VALUES;
CREATE TABLE shop."Odd ""Name"" é" ("Odd Column" int, "select" text, "%s" text DEFAULT '%s {}');
INSERT INTO shop."Odd ""Name"" é" VALUES (1, '\n', 'x');
CREATE INDEX "Odd Index" ON shop."Odd ""Name"" é" (("Odd Column" + 1));

CREATE TABLE crm.account (
    id int PRIMARY KEY, customer bigint REFERENCES shop.customer ON DELETE CASCADE,
    state crm.state, states crm.states, contact crm.contact, few crm.few,
    number bigint DEFAULT nextval('shop.tickets'), mail shop.email
);
INSERT INTO crm.account SELECT g, 10, 'new', '{new,paid}', ('n', ('s', 'c', 1)::shop.address, '{new}')::crm.contact, 2, g,
    'a@b' FROM generate_series(1, 5) AS g;
CREATE TABLE crm.shipment (id int PRIMARY KEY, orders bigint, ordered date, region text,
    FOREIGN KEY (orders, ordered, region) REFERENCES shop.orders ON DELETE CASCADE);
INSERT INTO crm.shipment SELECT id, id, ordered, region FROM shop.orders WHERE id < 9;
CREATE TABLE crm.archive (at date, was shop.thing, houses shop.address[]);
INSERT INTO crm.archive VALUES ('2026-01-01', (1, 'one'), ARRAY[('s', 'c', 1)::shop.address]);
CREATE SEQUENCE crm.account_numbers OWNED BY crm.account.number;

-- Views

CREATE VIEW shop.paid AS SELECT id, customer, amount FROM shop.orders WHERE state = 'paid';
CREATE VIEW shop.secure WITH (security_barrier) AS
    SELECT id, name, state FROM shop.customer WHERE state <> 'held' WITH LOCAL CHECK OPTION;
CREATE VIEW shop.over_secure AS SELECT * FROM shop.secure WHERE id > 0 WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW shop.referrals (id, depth) AS
    SELECT id, 0 FROM shop.customer WHERE referrer IS NULL
    UNION ALL SELECT c.id, r.depth + 1 FROM shop.customer c JOIN referrals r ON c.referrer = r.id;
CREATE VIEW report.grouped AS SELECT c.id, c.name, c.email, count(*) FROM shop.customer c
    JOIN shop.orders o ON o.customer = c.id GROUP BY c.id;
CREATE VIEW report.whole AS SELECT c, c.home, shop.taxed(c.points::int) FROM shop.customer c;
CREATE VIEW report.functions AS SELECT * FROM shop.numbers(2) WHERE word OPERATOR(shop.=~=) 'N1';
ALTER VIEW shop.secure ALTER state SET DEFAULT 'paid';
CREATE MATERIALIZED VIEW shop.sums AS
    SELECT customer, sum(amount) AS total FROM shop.paid GROUP BY customer WITH DATA;
CREATE UNIQUE INDEX sums_customer ON shop.sums (customer);
ALTER MATERIALIZED VIEW shop.sums ALTER total SET STATISTICS 99;
CREATE MATERIALIZED VIEW report.empty_sums WITH (fillfactor = 50) AS
    SELECT total FROM shop.sums WITH NO DATA;
CREATE VIEW report.over_sums AS SELECT s.total, e.total AS other FROM shop.sums s, report.empty_sums e;
CREATE TABLE report.kept (at date, paid shop.paid[]);
INSERT INTO report.kept VALUES ('2026-01-01', ARRAY[(1, 2, 3)::shop.paid]);
CREATE FUNCTION report.of_paid(shop.paid) RETURNS numeric LANGUAGE sql AS 'SELECT $1.amount';
CREATE FUNCTION report.of_customer(c shop.customer) RETURNS text LANGUAGE sql AS 'SELECT c.name';
CREATE FUNCTION report.all_products() RETURNS SETOF shop.product LANGUAGE sql STABLE
    AS 'SELECT * FROM shop.product';

-- Triggers and rules

CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF name, email ON shop.customer
    FOR EACH ROW WHEN (NEW.name IS NOT NULL) EXECUTE FUNCTION shop.touched('a', 'it''s');
CREATE TRIGGER truncated AFTER TRUNCATE ON shop.customer EXECUTE FUNCTION shop.touched();
CREATE TRIGGER listed AFTER DELETE ON shop.product REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION shop.touched();
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON shop.item DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shop.touched();
CREATE TRIGGER of_orders AFTER UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touched();
CREATE TRIGGER instead INSTEAD OF UPDATE ON shop.paid
    FOR EACH ROW EXECUTE FUNCTION shop.touched();
ALTER TABLE shop.customer DISABLE TRIGGER truncated;
ALTER TABLE shop.orders_2024 DISABLE TRIGGER of_orders;
ALTER TABLE shop.product ENABLE ALWAYS TRIGGER listed;
CREATE RULE quiet AS ON DELETE TO shop.log DO INSTEAD NOTHING;
CREATE RULE noted AS ON UPDATE TO shop.thing WHERE OLD.id > 1
    DO ALSO INSERT INTO shop.log (what) VALUES (NEW.name);
CREATE RULE written AS ON INSERT TO report.grouped DO INSTEAD SELECT NEW.id;
ALTER TABLE shop.thing DISABLE RULE noted;

-- Publications

CREATE PUBLICATION listed FOR TABLE shop.customer, ONLY shop.thing WITH (publish = 'insert, update');
CREATE PUBLICATION nothing;
\if :since_15
CREATE PUBLICATION part FOR TABLE shop.product (id, sku) WHERE (id > 1);
\endif

-- Grants

GRANT SELECT ON shop.customer TO :clerk WITH GRANT OPTION;
GRANT INSERT, UPDATE ON shop.customer TO :writer;
GRANT SELECT (id, name), UPDATE (name) ON shop.customer TO :reader;
GRANT SELECT ON shop.product, shop.orders, shop.paid, shop.sums TO PUBLIC;
GRANT UPDATE (price) ON shop.product TO :clerk WITH GRANT OPTION;
REVOKE TRUNCATE, REFERENCES ON shop.log FROM :owner;
SET ROLE :clerk;
GRANT SELECT ON shop.customer TO :reader, :writer WITH GRANT OPTION;
GRANT UPDATE (price) ON shop.product TO :writer;
GRANT EXECUTE ON FUNCTION shop.taxed(numeric, numeric) TO :writer;
SET ROLE :writer;
GRANT SELECT ON shop.customer TO :other;
SET ROLE :owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA crm GRANT ALL ON TABLES TO :writer;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO :clerk;
ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO :reader;
ALTER DEFAULT PRIVILEGES FOR ROLE :other GRANT SELECT ON TABLES TO :reader;

-- What belongs to another role

CREATE TABLE crm.others (id int PRIMARY KEY, v text);
INSERT INTO crm.others VALUES (1, 'v');
GRANT SELECT ON crm.others TO :reader;
CREATE VIEW crm.others_view AS SELECT id FROM crm.others;
CREATE FUNCTION crm.others_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE crm.others OWNER TO :other;
ALTER VIEW crm.others_view OWNER TO :other;
ALTER FUNCTION crm.others_function() OWNER TO :other;

-- Large objects

SELECT lo_from_bytea(5001, 'a contract'), lo_from_bytea(5002, ''), lo_from_bytea(5003, 'a photograph');
SELECT lo_put(5002, 100000, 'after a gap');
COMMENT ON LARGE OBJECT 5001 IS 'a large object';
GRANT SELECT ON LARGE OBJECT 5001 TO :clerk;
GRANT SELECT ON LARGE OBJECT 5002 TO :reader WITH GRANT OPTION;
ALTER LARGE OBJECT 5003 OWNER TO :other;

-- Code that does more than its call tells

CREATE TABLE report.draft (id int PRIMARY KEY, v text);
INSERT INTO report.draft SELECT g, 'v' FROM generate_series(1, 5) AS g;
CREATE TABLE report.scratch (id int, v text);
INSERT INTO report.scratch SELECT g, 'v' FROM generate_series(1, 5) AS g;
CREATE TABLE report.doomed (id int PRIMARY KEY, draft int REFERENCES report.draft);
INSERT INTO report.doomed VALUES (1, 1);
CREATE PROCEDURE report.cleaned() LANGUAGE plpgsql AS $$ BEGIN
    DROP TABLE report.doomed CASCADE; DELETE FROM report.draft; DELETE FROM report.scratch WHERE id > 1;
END $$;
CREATE FUNCTION report.cleaning() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM report.scratch; DELETE FROM report.draft WHERE id > 1;
    EXECUTE 'DROP TABLE report.doomed'; RETURN 1;
END $$;
