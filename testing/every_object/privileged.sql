-- What only a superuser may own, beside what an ordinary role may. Run as a superuser.

CREATE TYPE shop.later;
CREATE FUNCTION shop.digits_in(cstring) RETURNS shop.digits LANGUAGE internal IMMUTABLE STRICT
    AS 'textin';
CREATE FUNCTION shop.digits_out(shop.digits) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT
    AS 'textout';
CREATE TYPE shop.digits (input = shop.digits_in, output = shop.digits_out, like = text,
    category = 'S', collatable = true);
CREATE FUNCTION shop.digits_compared(shop.digits, shop.digits) RETURNS int LANGUAGE internal
    IMMUTABLE STRICT AS 'bttextcmp';
CREATE FUNCTION shop.digits_less(shop.digits, shop.digits) RETURNS boolean LANGUAGE internal
    IMMUTABLE STRICT AS 'text_lt';
CREATE FUNCTION shop.digits_equal(shop.digits, shop.digits) RETURNS boolean LANGUAGE internal
    IMMUTABLE STRICT AS 'texteq';
CREATE OPERATOR shop.< (leftarg = shop.digits, rightarg = shop.digits, function = shop.digits_less);
CREATE OPERATOR shop.= (leftarg = shop.digits, rightarg = shop.digits,
    function = shop.digits_equal, commutator = OPERATOR(shop.=), hashes, merges);
CREATE OPERATOR FAMILY shop.digit_family USING btree;
CREATE OPERATOR CLASS shop.digit_order DEFAULT FOR TYPE shop.digits USING btree
    FAMILY shop.digit_family AS OPERATOR 1 shop.<, OPERATOR 3 shop.=,
    FUNCTION 1 shop.digits_compared(shop.digits, shop.digits);
CREATE FUNCTION shop.digits_of_int(shop.digits, int) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT 1';
ALTER OPERATOR FAMILY shop.digit_family USING btree
    ADD FUNCTION 1 (shop.digits, int) shop.digits_of_int(shop.digits, int);
CREATE OPERATOR CLASS shop.int_reverse FOR TYPE int USING btree AS
    OPERATOR 1 pg_catalog.>, OPERATOR 3 pg_catalog.=, FUNCTION 1 pg_catalog.btint4cmp(int, int);
CREATE CAST (shop.digits AS text) WITHOUT FUNCTION;
CREATE CAST (int AS shop.color) WITH INOUT;
CREATE TABLE shop.numbered (id int PRIMARY KEY, digits shop.digits, CHECK (digits::text <> ''));
INSERT INTO shop.numbered VALUES (1, '12'), (2, '3');
CREATE INDEX numbered_digits ON shop.numbered (digits);
CREATE INDEX numbered_reverse ON shop.numbered (id shop.int_reverse);
CREATE FUNCTION shop.proof(text) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF
    AS 'SELECT true';
CREATE FUNCTION shop.ranked() RETURNS bigint LANGUAGE internal WINDOW AS 'window_rank';

CREATE TEXT SEARCH TEMPLATE shop.template (init = dsimple_init, lexize = dsimple_lexize);
CREATE TEXT SEARCH PARSER shop.parser (start = prsd_start, gettoken = prsd_nexttoken,
    end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
CREATE TEXT SEARCH DICTIONARY crm.dictionary (template = shop.template);
CREATE TEXT SEARCH CONFIGURATION crm.parsed (PARSER = shop.parser);
ALTER TEXT SEARCH CONFIGURATION crm.parsed ADD MAPPING FOR asciiword WITH crm.dictionary;

CREATE LANGUAGE every_language HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler
    VALIDATOR plpgsql_validator;
CREATE TRUSTED LANGUAGE every_trusted HANDLER plpgsql_call_handler;
CREATE FUNCTION shop.in_language(int) RETURNS int LANGUAGE every_language
    AS 'BEGIN RETURN $1; END';
CREATE FUNCTION shop.from_color(internal) RETURNS internal LANGUAGE internal IMMUTABLE
    AS 'prsd_headline';
CREATE TRANSFORM FOR shop.color LANGUAGE every_language (FROM SQL WITH FUNCTION
    shop.from_color(internal));
CREATE FOREIGN DATA WRAPPER every_second OPTIONS (debug 'true');
CREATE SERVER second FOREIGN DATA WRAPPER every_second;
CREATE FUNCTION shop.watched() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER every_end ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')
    EXECUTE FUNCTION shop.watched();
CREATE EVENT TRIGGER every_drop ON sql_drop EXECUTE FUNCTION shop.watched();
ALTER EVENT TRIGGER every_drop DISABLE;
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert', publish_via_partition_root = true);
\if :since_15
CREATE PUBLICATION whole FOR TABLES IN SCHEMA crm;
\endif
-- From its owner's own rows its policies hide what a snapshot would need.
CREATE TABLE crm.hidden (id int);
ALTER TABLE crm.hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE ACCESS METHOD every_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE shop.other_heap (id int) USING every_heap;
INSERT INTO shop.other_heap VALUES (1);
\if :has_hstore
CREATE EXTENSION hstore SCHEMA crm;
CREATE TABLE shop.pairs (id int PRIMARY KEY, pairs crm.hstore);
INSERT INTO shop.pairs VALUES (1, 'a=>1');
CREATE INDEX pairs_index ON shop.pairs USING gin (pairs);
GRANT EXECUTE ON FUNCTION crm.akeys(crm.hstore) TO :reader;
REVOKE EXECUTE ON FUNCTION crm.avals(crm.hstore) FROM PUBLIC;
ALTER FUNCTION shop.proof(text) DEPENDS ON EXTENSION hstore;
\endif
\if :has_citext
CREATE EXTENSION citext;
CREATE TABLE shop.login (name public.citext PRIMARY KEY);
INSERT INTO shop.login VALUES ('Me');
\endif
GRANT SELECT ON pg_catalog.pg_authid TO :clerk;
GRANT USAGE ON LANGUAGE every_trusted TO :reader;
GRANT USAGE ON FOREIGN DATA WRAPPER every_second TO :clerk WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO :reader;
