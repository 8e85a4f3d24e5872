-- Types, operators and casts that need a superuser
DROP TYPE shop.later
DROP TYPE shop.digits CASCADE
DROP FUNCTION shop.digits_out CASCADE
DROP FUNCTION shop.digits_less CASCADE
DROP FUNCTION shop.proof
DROP FUNCTION shop.ranked
ALTER TYPE shop.digits RENAME TO figures
ALTER TYPE shop.digits SET SCHEMA crm
ALTER TYPE shop.digits SET (storage = external)
ALTER FUNCTION shop.digits_less RENAME TO digits_smaller
ALTER FUNCTION shop.proof NOT LEAKPROOF
ALTER TABLE shop.numbered DROP COLUMN digits
ALTER TABLE shop.numbered DROP COLUMN id
ALTER TABLE shop.numbered ALTER digits TYPE text USING digits::text
DROP TABLE shop.numbered
DROP OPERATOR CLASS shop.digit_order USING btree CASCADE
DROP OPERATOR CLASS shop.int_reverse USING btree CASCADE
DROP OPERATOR FAMILY shop.digit_family USING btree CASCADE
DROP OPERATOR shop.< (shop.digits, shop.digits) CASCADE
ALTER OPERATOR FAMILY shop.digit_family USING btree DROP FUNCTION 1 (shop.digits, int)
ALTER OPERATOR FAMILY shop.digit_family USING btree RENAME TO figure_family
ALTER OPERATOR FAMILY shop.digit_family USING btree SET SCHEMA crm
ALTER OPERATOR CLASS shop.digit_order USING btree RENAME TO figure_order
ALTER OPERATOR CLASS shop.int_reverse USING btree SET SCHEMA crm
ALTER OPERATOR CLASS shop.int_reverse USING btree OWNER TO :other
DROP CAST (shop.digits AS text) CASCADE
DROP CAST (int AS shop.color)
COMMENT ON OPERATOR CLASS shop.digit_order USING btree IS NULL
COMMENT ON OPERATOR FAMILY shop.digit_family USING btree IS NULL

-- Text search
DROP TEXT SEARCH TEMPLATE shop.template CASCADE
DROP TEXT SEARCH PARSER shop.parser CASCADE
DROP TEXT SEARCH DICTIONARY crm.dictionary CASCADE
DROP TEXT SEARCH CONFIGURATION crm.parsed
ALTER TEXT SEARCH TEMPLATE shop.template RENAME TO pattern
ALTER TEXT SEARCH PARSER shop.parser SET SCHEMA crm

-- Languages, transforms, foreign data wrappers, access methods
DROP LANGUAGE every_language CASCADE
DROP LANGUAGE every_trusted
ALTER LANGUAGE every_language RENAME TO any_language
ALTER LANGUAGE every_trusted OWNER TO :other
REVOKE USAGE ON LANGUAGE every_trusted FROM :reader
DROP TRANSFORM FOR shop.color LANGUAGE every_language
DROP FOREIGN DATA WRAPPER every_wrapper CASCADE
DROP FOREIGN DATA WRAPPER every_second CASCADE
ALTER FOREIGN DATA WRAPPER every_second OPTIONS (SET debug 'false')
ALTER FOREIGN DATA WRAPPER every_second RENAME TO every_third
REVOKE USAGE ON FOREIGN DATA WRAPPER every_second FROM :clerk
DROP SERVER second
DROP ACCESS METHOD every_heap CASCADE
DROP TABLE shop.other_heap
ALTER TABLE crm.hidden NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY

-- Event triggers and publications
DROP EVENT TRIGGER every_end
DROP EVENT TRIGGER every_drop
ALTER EVENT TRIGGER every_end DISABLE
ALTER EVENT TRIGGER every_drop ENABLE ALWAYS
ALTER EVENT TRIGGER every_end RENAME TO every_ending
DROP FUNCTION shop.watched CASCADE
COMMENT ON EVENT TRIGGER every_end IS NULL
DROP PUBLICATION everything
ALTER PUBLICATION everything SET (publish = 'truncate')
\if :since_15
DROP PUBLICATION whole
ALTER PUBLICATION whole DROP TABLES IN SCHEMA crm
\endif

-- Extensions
\if :has_hstore
DROP EXTENSION hstore CASCADE
ALTER EXTENSION hstore SET SCHEMA shop
ALTER EXTENSION hstore DROP FUNCTION crm.akeys(crm.hstore)
ALTER TABLE shop.pairs DROP COLUMN pairs
REVOKE EXECUTE ON FUNCTION crm.akeys(crm.hstore) FROM :reader
GRANT EXECUTE ON FUNCTION crm.avals(crm.hstore) TO PUBLIC
GRANT EXECUTE ON FUNCTION crm.skeys(crm.hstore) TO :clerk
ALTER FUNCTION shop.proof(text) NO DEPENDS ON EXTENSION hstore
COMMENT ON EXTENSION hstore IS NULL
\endif
\if :has_citext
DROP EXTENSION citext CASCADE
DROP TABLE shop.login
\endif
DROP EXTENSION plpgsql CASCADE

-- Whose owner may not do it
TRUNCATE shop.log RESTART IDENTITY
ALTER PUBLICATION listed OWNER TO :other

-- Grants and owners
DROP OWNED BY :owner CASCADE
REASSIGN OWNED BY :owner TO :other
REASSIGN OWNED BY :owner, :other TO :clerk
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM :reader
