CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
CREATE TABLE shop.users (
    id integer PRIMARY KEY,
    name text NOT NULL,
    mood shop.mood DEFAULT 'ok',
    born date,
    tags text[],
    facts jsonb,
    photo bytea,
    balance numeric(12, 2)
);
INSERT INTO shop.users VALUES
    (1, E'tab\there', 'ok', '1999-12-31', '{a,"b c",NULL}', '{"n": 1}', '\x00ff', 1.50),
    (2, E'line\nend', 'sad', 'infinity', '{}', 'null', NULL, -0.01),
    (3, 'ünïcödé 🙂', NULL, '0044-03-15 BC', NULL, '[]', '', 'NaN'),
    (4, '\N', 'ok', NULL, '{{1,2},{3,4}}', NULL, '\x5c', 0);
CREATE TABLE shop.orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id integer,
    total numeric,
    CONSTRAINT positive CHECK (total >= 0)
);
INSERT INTO shop.orders (user_id, total) SELECT g % 4 + 1, g / 4.0 FROM generate_series(1, 40) g;
CREATE INDEX orders_of_user ON shop.orders (user_id) WHERE total > 1;
CREATE VIEW shop.large_orders AS SELECT id, total FROM shop.orders WHERE total > 5;
COMMENT ON VIEW shop.large_orders IS 'Above five';
CREATE TABLE shop.stock (sku integer PRIMARY KEY, amount integer, note text);
INSERT INTO shop.stock SELECT g, g * 10, 'note ' || g FROM generate_series(1, 20) g;
CREATE TABLE shop.log (at timestamptz, line text);
INSERT INTO shop.log SELECT '2026-01-01 00:00Z'::timestamptz + g * interval '1 hour', 'line ' || g
FROM generate_series(1, 30) g;
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
