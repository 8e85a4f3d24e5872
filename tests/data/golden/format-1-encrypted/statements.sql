DELETE FROM shop.users WHERE id <> 4;
UPDATE shop.stock SET amount = 0;
TRUNCATE shop.log;
DROP FUNCTION shop.twice(integer);
ALTER TABLE shop.stock DROP COLUMN note;
DROP TABLE shop.orders CASCADE;
