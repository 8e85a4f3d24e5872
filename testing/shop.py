"""A few tables with everything that carries a change on: a foreign key, a trigger, a view."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE stock (sku int PRIMARY KEY, amount int);
CREATE TABLE part (id int PRIMARY KEY, sku int REFERENCES stock ON DELETE CASCADE);
CREATE TABLE incoming (sku int PRIMARY KEY, amount int);
CREATE VIEW low AS SELECT sku, amount FROM stock WHERE amount < 6;
CREATE TABLE total (id int PRIMARY KEY, sales int);
CREATE FUNCTION count_sale() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN UPDATE total SET sales = sales - 1 WHERE id = old.id; RETURN NULL; END$$;
CREATE TABLE sale (id int PRIMARY KEY, amount int);
CREATE TRIGGER count_sale AFTER DELETE ON sale FOR EACH ROW EXECUTE FUNCTION count_sale();
CREATE TABLE earlier (id int);
"""
ROWS = """
INSERT INTO stock SELECT g, g FROM generate_series(1, 9) AS g;
INSERT INTO part SELECT g, g FROM generate_series(1, 9) AS g;
INSERT INTO incoming VALUES (2, 20), (3, 30);
INSERT INTO total SELECT g, g FROM generate_series(1, 5) AS g;
INSERT INTO sale SELECT g, g FROM generate_series(1, 5) AS g
"""
