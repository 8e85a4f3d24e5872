-- Code that does more than its call tells
CALL report.cleaned()
SELECT report.cleaning()
DO $$ BEGIN DELETE FROM report.draft WHERE id > 3; DELETE FROM report.scratch; DROP TABLE report.doomed; END $$
DO $$ BEGIN EXECUTE 'DROP TABLE shop.product CASCADE'; DELETE FROM report.scratch; END $$
DROP TABLE report.doomed; DELETE FROM report.draft; TRUNCATE report.scratch; DROP VIEW report.whole
DELETE FROM shop.item; ALTER TABLE shop.item DROP COLUMN amount; DROP TABLE shop.item
ALTER TABLE shop.thing RENAME TO thing2; ALTER TABLE shop.thing2 DROP COLUMN name CASCADE; DROP TABLE crm.shipment

-- Schemas
DROP SCHEMA shop CASCADE
DROP SCHEMA crm CASCADE
DROP SCHEMA report CASCADE
DROP SCHEMA empty
DROP SCHEMA shop, crm, report CASCADE
ALTER SCHEMA shop RENAME TO store
ALTER SCHEMA crm RENAME TO "Odd Schema"
ALTER SCHEMA crm OWNER TO :other
ALTER SCHEMA empty RENAME TO public2; DROP SCHEMA public2
REVOKE ALL ON SCHEMA shop FROM :reader
REVOKE USAGE ON SCHEMA shop FROM :clerk CASCADE
REVOKE GRANT OPTION FOR USAGE ON SCHEMA shop FROM :clerk CASCADE
REVOKE USAGE ON SCHEMA shop FROM PUBLIC
GRANT CREATE ON SCHEMA shop TO :reader
COMMENT ON SCHEMA shop IS NULL
COMMENT ON SCHEMA shop IS 'another'

-- Types
DROP TYPE shop.state CASCADE
DROP TYPE shop.color CASCADE
DROP TYPE shop.nothing
DROP TYPE shop.address CASCADE
DROP TYPE shop.bare
DROP TYPE crm.contact CASCADE
DROP TYPE shop.time_range CASCADE
DROP TYPE shop.text_range
\if :since_14
DROP TYPE shop.price_range
ALTER TYPE shop.price_range RENAME TO range_of_prices
\endif
DROP DOMAIN shop.email CASCADE
DROP DOMAIN shop.positive CASCADE
DROP DOMAIN crm.state CASCADE
DROP DOMAIN crm.few CASCADE
DROP DOMAIN crm.states CASCADE
DROP DOMAIN crm.home
ALTER TYPE shop.state RENAME TO status
ALTER TYPE shop.state RENAME VALUE 'paid' TO 'settled'
ALTER TYPE shop.state SET SCHEMA report
ALTER TYPE shop.state OWNER TO :other
ALTER TYPE shop.color ADD VALUE 'blue'; DROP TYPE shop.color CASCADE
ALTER TYPE shop.address RENAME TO place
ALTER TYPE shop.address RENAME ATTRIBUTE city TO town CASCADE
ALTER TYPE crm.contact RENAME ATTRIBUTE name TO title
ALTER TYPE shop.address SET SCHEMA report
ALTER TYPE shop.address OWNER TO :other
ALTER TYPE crm.contact OWNER TO :other
ALTER TYPE shop.time_range RENAME TO hours
ALTER TYPE shop.time_range SET SCHEMA crm
ALTER TYPE shop.text_range OWNER TO :other
ALTER DOMAIN shop.email RENAME TO mail
ALTER DOMAIN shop.email SET SCHEMA crm
ALTER DOMAIN shop.email OWNER TO :other
ALTER DOMAIN shop.email DROP CONSTRAINT has_at
ALTER DOMAIN shop.email RENAME CONSTRAINT has_at TO with_at
ALTER DOMAIN shop.positive DROP DEFAULT
ALTER DOMAIN shop.positive SET DEFAULT 2
ALTER DOMAIN shop.positive DROP NOT NULL
ALTER DOMAIN shop.positive DROP CONSTRAINT positive_check
ALTER DOMAIN crm.few VALIDATE CONSTRAINT even
ALTER DOMAIN crm.few DROP CONSTRAINT even
ALTER DOMAIN crm.state DROP DEFAULT
COMMENT ON DOMAIN shop.email IS NULL
COMMENT ON CONSTRAINT has_at ON DOMAIN shop.email IS NULL
COMMENT ON TYPE shop.state IS NULL
REVOKE USAGE ON TYPE shop.state FROM PUBLIC
REVOKE ALL ON DOMAIN shop.email FROM :reader
GRANT USAGE ON TYPE shop.address TO PUBLIC

-- Collations and conversions
DROP COLLATION shop.plain CASCADE
ALTER COLLATION shop.plain RENAME TO simple
ALTER COLLATION shop.plain SET SCHEMA crm
ALTER COLLATION shop.plain OWNER TO :other
COMMENT ON COLLATION shop.plain IS NULL
\if :has_icu
DROP COLLATION shop.any_case
\endif
DROP CONVERSION shop.latin
ALTER CONVERSION shop.latin RENAME TO roman
ALTER CONVERSION shop.latin SET SCHEMA crm
ALTER CONVERSION shop.latin OWNER TO :other

-- Functions and procedures
DROP FUNCTION shop.taxed(numeric, numeric) CASCADE
DROP FUNCTION shop.taxed(int) CASCADE
DROP FUNCTION shop.joined CASCADE
DROP FUNCTION shop.first_of
DROP FUNCTION shop.divided
DROP FUNCTION shop.numbers CASCADE
DROP FUNCTION shop.touched() CASCADE
DROP FUNCTION shop.is_big CASCADE
DROP FUNCTION shop.of_state CASCADE
DROP FUNCTION shop.of_address CASCADE
DROP FUNCTION shop.time_distance CASCADE
DROP FUNCTION report.of_paid, report.of_customer, report.all_products
DROP PROCEDURE shop.noted
DROP ROUTINE shop.added(int, int) CASCADE
DROP FUNCTION shop.alike CASCADE
\if :since_14
DROP FUNCTION shop.standard
DROP PROCEDURE shop.told
DROP FUNCTION shop.wide
CREATE OR REPLACE FUNCTION shop.standard(n int) RETURNS int LANGUAGE sql RETURN 5
\endif
CREATE OR REPLACE FUNCTION shop.taxed(amount numeric, rate numeric DEFAULT 0.5) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 1::numeric'
CREATE OR REPLACE FUNCTION shop.divided(a int, b int, OUT whole int, OUT rest int) LANGUAGE plpgsql AS 'BEGIN whole := 1; END'
CREATE OR REPLACE FUNCTION shop.touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
CREATE OR REPLACE PROCEDURE shop.noted(INOUT n int DEFAULT 1, note text DEFAULT '') LANGUAGE plpgsql AS 'BEGIN END'
ALTER FUNCTION shop.taxed(numeric, numeric) RENAME TO charged
ALTER FUNCTION shop.taxed(int) RENAME TO doubled
ALTER FUNCTION shop.touched() SET SCHEMA crm
ALTER FUNCTION shop.joined OWNER TO :other
ALTER FUNCTION shop.taxed(numeric, numeric) COST 5 STRICT
ALTER FUNCTION shop.divided RESET ALL
ALTER FUNCTION shop.divided SECURITY INVOKER SET work_mem = '16MB'
ALTER FUNCTION shop.numbers ROWS 50 VOLATILE PARALLEL SAFE
ALTER PROCEDURE shop.noted RENAME TO told_of
ALTER PROCEDURE shop.noted SET SCHEMA crm
ALTER PROCEDURE shop.noted OWNER TO :other
COMMENT ON FUNCTION shop.taxed(int) IS NULL
REVOKE ALL ON FUNCTION shop.taxed(numeric, numeric) FROM :clerk CASCADE
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA shop FROM :reader
GRANT EXECUTE ON FUNCTION shop.taxed(int) TO PUBLIC
GRANT ALL ON ALL ROUTINES IN SCHEMA shop TO :clerk WITH GRANT OPTION

-- Aggregates, operators, casts
DROP AGGREGATE shop.total(int)
DROP AGGREGATE shop.half_total(int)
DROP AGGREGATE shop.all_rows(*)
DROP AGGREGATE shop.nth(int ORDER BY int)
CREATE OR REPLACE AGGREGATE shop.total(int) (sfunc = shop.added, stype = int, initcond = '5')
ALTER AGGREGATE shop.total(int) RENAME TO sum_up
ALTER AGGREGATE shop.total(int) SET SCHEMA crm
ALTER AGGREGATE shop.nth(int ORDER BY int) RENAME TO at_place
ALTER AGGREGATE shop.all_rows(*) OWNER TO :other
COMMENT ON AGGREGATE shop.total(int) IS NULL
REVOKE ALL ON FUNCTION shop.total(int) FROM :reader
GRANT EXECUTE ON FUNCTION shop.half_total(int) TO :clerk
DROP OPERATOR shop.=~= (text, text) CASCADE
DROP OPERATOR shop.<~> (text, text)
DROP OPERATOR shop.!! (NONE, shop.color)
DROP OPERATOR report.+| (int, int)
ALTER OPERATOR shop.=~= (text, text) SET (restrict = NONE, join = NONE)
ALTER OPERATOR shop.=~= (text, text) SET SCHEMA crm
ALTER OPERATOR report.+| (int, int) OWNER TO :other
COMMENT ON OPERATOR shop.=~= (text, text) IS NULL
DROP CAST (shop.state AS int)
DROP CAST (shop.address AS text)
DROP CAST (shop.color AS shop.state)
COMMENT ON CAST (shop.state AS int) IS NULL

-- Text search
DROP TEXT SEARCH CONFIGURATION shop.search CASCADE
DROP TEXT SEARCH DICTIONARY shop.stems CASCADE
ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR word
ALTER TEXT SEARCH CONFIGURATION shop.search RENAME TO find
ALTER TEXT SEARCH CONFIGURATION shop.search SET SCHEMA crm
ALTER TEXT SEARCH CONFIGURATION shop.search OWNER TO :other
ALTER TEXT SEARCH DICTIONARY shop.stems (accept = true)
ALTER TEXT SEARCH DICTIONARY shop.words RENAME TO terms
ALTER TEXT SEARCH DICTIONARY shop.words SET SCHEMA crm
COMMENT ON TEXT SEARCH CONFIGURATION shop.search IS NULL

-- Foreign data
DROP SERVER far CASCADE
DROP SERVER farther
DROP USER MAPPING FOR PUBLIC SERVER far
DROP USER MAPPING FOR :owner SERVER far
ALTER USER MAPPING FOR :owner SERVER far OPTIONS (DROP "user")
ALTER SERVER far OPTIONS (SET host 'near.example', DROP port)
ALTER SERVER farther RENAME TO farthest
ALTER SERVER far VERSION '2'
REVOKE USAGE ON FOREIGN SERVER far FROM :reader
DROP FOREIGN TABLE shop.far_away
ALTER FOREIGN TABLE shop.far_away OPTIONS (SET table_name 'near')
ALTER FOREIGN TABLE shop.far_away ALTER id OPTIONS (DROP column_name)
ALTER FOREIGN TABLE shop.far_away DROP COLUMN state
ALTER FOREIGN TABLE shop.far_away RENAME TO near
ALTER FOREIGN TABLE shop.far_away RENAME id TO number
ALTER FOREIGN TABLE shop.far_away DROP CONSTRAINT positive
ALTER FOREIGN TABLE shop.far_away ALTER state DROP DEFAULT
ALTER FOREIGN TABLE shop.far_away OWNER TO :other
ALTER FOREIGN TABLE shop.far_away SET SCHEMA crm

-- Sequences
DROP SEQUENCE shop.tickets CASCADE
DROP SEQUENCE shop.unused, shop.down
DROP SEQUENCE crm.account_numbers
DROP SEQUENCE shop.product_id_seq CASCADE
ALTER SEQUENCE shop.tickets RENAME TO slips
ALTER SEQUENCE shop.tickets SET SCHEMA crm
ALTER SEQUENCE shop.tickets OWNER TO :other
ALTER SEQUENCE shop.tickets INCREMENT BY 7 NO CYCLE
ALTER SEQUENCE shop.tickets AS bigint MAXVALUE 5000
ALTER SEQUENCE crm.account_numbers OWNED BY NONE
ALTER SEQUENCE shop.unused OWNED BY shop.thing.id
ALTER SEQUENCE shop.customer_id_seq RENAME TO customer_numbers
ALTER SEQUENCE shop.product_id_seq RENAME TO product_numbers
COMMENT ON SEQUENCE shop.tickets IS NULL
REVOKE ALL ON ALL SEQUENCES IN SCHEMA shop FROM :reader, :writer
GRANT SELECT ON SEQUENCE shop.unused TO :clerk

-- Tables, dropped
DROP TABLE shop.customer CASCADE
DROP TABLE shop.product CASCADE
DROP TABLE shop.orders CASCADE
DROP TABLE shop.orders_2024 CASCADE
DROP TABLE shop.orders_2025 CASCADE
DROP TABLE shop.orders_2025_north CASCADE
DROP TABLE shop.orders_2025_rest CASCADE
DROP TABLE crm.orders_other CASCADE
DROP TABLE shop.item
DROP TABLE shop.event
DROP TABLE shop.event_1
DROP TABLE shop.thing CASCADE
DROP TABLE shop.marked CASCADE
DROP TABLE crm.chair CASCADE
DROP TABLE crm.stool
DROP TABLE shop.house
DROP TABLE shop.cache
DROP TABLE shop.log CASCADE
DROP TABLE shop.none
DROP TABLE shop."Odd ""Name"" é"
DROP TABLE crm.account
DROP TABLE crm.shipment, crm.archive, report.kept
DROP TABLE crm.others CASCADE
DROP TABLE IF EXISTS shop.item, shop.nowhere, crm.account CASCADE
TRUNCATE shop.customer CASCADE
TRUNCATE shop.orders CASCADE
DELETE FROM shop.customer
UPDATE shop.product SET maker = 'm', sku = 'x' || sku

-- Tables, columns taken away or changed
ALTER TABLE shop.customer DROP COLUMN email CASCADE
ALTER TABLE shop.customer DROP COLUMN name CASCADE
ALTER TABLE shop.customer DROP COLUMN home CASCADE
ALTER TABLE shop.customer DROP COLUMN state CASCADE
ALTER TABLE shop.customer DROP COLUMN referrer CASCADE
ALTER TABLE shop.customer DROP COLUMN tags
ALTER TABLE shop.customer DROP COLUMN label
ALTER TABLE shop.customer DROP COLUMN profile, DROP COLUMN number
ALTER TABLE shop.customer DROP COLUMN id CASCADE
ALTER TABLE shop.product DROP COLUMN id CASCADE
ALTER TABLE shop.product DROP COLUMN sku CASCADE
ALTER TABLE shop.product DROP COLUMN price CASCADE
ALTER TABLE shop.product DROP COLUMN sold
ALTER TABLE shop.product DROP COLUMN maker CASCADE
ALTER TABLE shop.orders DROP COLUMN amount CASCADE
ALTER TABLE shop.orders DROP COLUMN hidden CASCADE
ALTER TABLE shop.orders DROP COLUMN state CASCADE
ALTER TABLE shop.orders DROP COLUMN customer CASCADE
ALTER TABLE shop.event DROP COLUMN kind
ALTER TABLE shop.item DROP COLUMN amount
ALTER TABLE shop.item DROP COLUMN product
ALTER TABLE shop.item DROP COLUMN line
ALTER TABLE shop.marked DROP COLUMN mark
ALTER TABLE shop.marked DROP COLUMN name
ALTER TABLE crm.chair DROP COLUMN legs
ALTER TABLE crm.stool DROP COLUMN round
ALTER TABLE shop.cache DROP COLUMN value
ALTER TABLE shop.log DROP COLUMN id CASCADE
ALTER TABLE shop.log DROP COLUMN what CASCADE
ALTER TABLE shop.log DROP COLUMN who CASCADE
ALTER TABLE shop."Odd ""Name"" é" DROP COLUMN "Odd Column"
ALTER TABLE shop."Odd ""Name"" é" DROP COLUMN "%s"
ALTER TABLE crm.account DROP COLUMN state, DROP COLUMN states
ALTER TABLE crm.account DROP COLUMN number
ALTER TABLE crm.account DROP COLUMN id
ALTER TABLE crm.archive DROP COLUMN was
ALTER TABLE report.kept DROP COLUMN paid
ALTER TABLE shop.customer ALTER number TYPE bigint
ALTER TABLE shop.customer ALTER tags TYPE text USING tags::text
ALTER TABLE shop.product ALTER price TYPE int
ALTER TABLE shop.product ALTER maker TYPE varchar(50)
ALTER TABLE shop.event ALTER at TYPE timestamp
ALTER TABLE shop.event ALTER kind TYPE int USING 1
ALTER TABLE shop.item ALTER amount TYPE numeric
ALTER TABLE shop.item ALTER line TYPE bigint
ALTER TABLE crm.account ALTER few TYPE int
ALTER TABLE crm.shipment ALTER id TYPE bigint
ALTER TABLE crm.others ALTER v TYPE varchar(6)
ALTER TABLE report.draft ALTER v TYPE text COLLATE "C"
ALTER TABLE crm.stool ALTER round TYPE text
ALTER TABLE shop.cache ALTER key TYPE name
ALTER TABLE shop.house NOT OF
ALTER TABLE shop.customer ALTER id DROP IDENTITY
ALTER TABLE shop.customer ALTER id SET GENERATED BY DEFAULT
ALTER TABLE shop.customer ALTER id SET INCREMENT 9 SET MAXVALUE 100000
ALTER TABLE shop.customer ALTER label DROP EXPRESSION
ALTER TABLE shop.customer ALTER state DROP DEFAULT
ALTER TABLE shop.customer ALTER state SET DEFAULT 'held'
ALTER TABLE shop.customer ALTER name DROP NOT NULL
ALTER TABLE shop.customer ALTER number DROP DEFAULT
ALTER TABLE shop.customer ALTER name SET STATISTICS -1
ALTER TABLE shop.customer ALTER profile SET STORAGE MAIN
ALTER TABLE shop.customer ALTER tags RESET (n_distinct)
\if :since_14
ALTER TABLE shop.customer ALTER profile SET COMPRESSION default
\endif
ALTER TABLE shop.product ALTER id DROP DEFAULT
ALTER TABLE shop.product ALTER sku DROP NOT NULL
ALTER TABLE shop.orders ALTER customer DROP NOT NULL
ALTER TABLE shop.orders ALTER state DROP DEFAULT
ALTER TABLE shop.orders_2024 ALTER state DROP DEFAULT
ALTER TABLE shop.thing ALTER name DROP NOT NULL
ALTER TABLE shop.thing ALTER name DROP DEFAULT
ALTER TABLE ONLY shop.thing ALTER name SET DEFAULT 'x'
ALTER TABLE shop.house ALTER street DROP NOT NULL
ALTER TABLE shop.house ALTER street DROP DEFAULT
ALTER TABLE shop.customer ALTER name DROP NOT NULL, ALTER points DROP DEFAULT, DROP COLUMN tags, DROP CONSTRAINT known
ALTER TABLE shop.thing ADD COLUMN extra int, DROP COLUMN name CASCADE
ALTER TABLE shop.log DROP COLUMN what CASCADE, ADD COLUMN what int DEFAULT 5

-- Tables, renamed or moved
ALTER TABLE shop.customer RENAME TO client
ALTER TABLE shop.customer RENAME COLUMN name TO title
ALTER TABLE shop.customer RENAME COLUMN id TO number2
ALTER TABLE shop.customer RENAME CONSTRAINT named TO with_name
ALTER TABLE shop.customer RENAME CONSTRAINT customer_pkey TO customer_key
ALTER TABLE shop.customer RENAME CONSTRAINT referred TO recommended
ALTER TABLE shop.orders RENAME TO purchase
ALTER TABLE shop.orders RENAME COLUMN amount TO total
ALTER TABLE shop.orders RENAME CONSTRAINT orders_key TO orders_id
ALTER TABLE shop.orders RENAME CONSTRAINT orders_amount TO amount_known
ALTER TABLE shop.orders RENAME CONSTRAINT orders_customer_fkey TO of_customer
ALTER TABLE shop.orders_2024 RENAME TO orders_of_2024
ALTER TABLE shop.marked RENAME COLUMN mark TO grade
ALTER TABLE shop.thing RENAME CONSTRAINT named TO with_name
ALTER TABLE shop.item RENAME CONSTRAINT of_order TO order_of
ALTER TABLE shop.cache RENAME TO "Cache of All"
ALTER TABLE shop."Odd ""Name"" é" RENAME TO even
ALTER TABLE shop."Odd ""Name"" é" RENAME COLUMN "Odd Column" TO even
ALTER TABLE shop.customer SET SCHEMA crm
ALTER TABLE shop.product SET SCHEMA report
ALTER TABLE shop.orders SET SCHEMA crm
ALTER TABLE crm.account SET SCHEMA shop
ALTER TABLE shop.log SET SCHEMA empty
ALTER TABLE shop.customer OWNER TO :other
ALTER TABLE shop.product OWNER TO :other
ALTER TABLE shop.orders OWNER TO :other
ALTER TABLE crm.others OWNER TO :owner
ALTER INDEX shop.product_price RENAME TO product_by_price
ALTER INDEX shop.customer_pkey RENAME TO customer_key
ALTER INDEX shop.orders_state RENAME TO orders_by_state
ALTER INDEX shop."Odd Index" RENAME TO even
ALTER TRIGGER touched ON shop.customer RENAME TO was_touched
ALTER TRIGGER of_orders ON shop.orders RENAME TO on_orders
ALTER RULE noted ON shop.thing RENAME TO written_down
ALTER POLICY own ON shop.log RENAME TO mine
ALTER STATISTICS shop.makers RENAME TO producers
ALTER STATISTICS shop.makers SET SCHEMA crm
ALTER STATISTICS shop.makers OWNER TO :other
ALTER STATISTICS shop.makers SET STATISTICS 10
ALTER TABLE shop.customer RENAME TO client; ALTER TABLE shop.client RENAME COLUMN name TO title; ALTER TABLE shop.client SET SCHEMA crm

-- Tables, constraints and indexes
ALTER TABLE shop.customer DROP CONSTRAINT customer_pkey CASCADE
ALTER TABLE shop.customer DROP CONSTRAINT customer_email_key
ALTER TABLE shop.customer DROP CONSTRAINT referred
ALTER TABLE shop.customer DROP CONSTRAINT named, DROP CONSTRAINT known
ALTER TABLE shop.customer VALIDATE CONSTRAINT tagged
ALTER TABLE shop.customer DROP CONSTRAINT tagged
ALTER TABLE shop.customer ALTER CONSTRAINT referred NOT DEFERRABLE
ALTER TABLE shop.product DROP CONSTRAINT product_pkey CASCADE
ALTER TABLE shop.product DROP CONSTRAINT by_sku
ALTER TABLE shop.product DROP CONSTRAINT once
ALTER TABLE shop.product DROP CONSTRAINT product_price_check
ALTER TABLE shop.orders DROP CONSTRAINT orders_key CASCADE
ALTER TABLE shop.orders DROP CONSTRAINT orders_amount
ALTER TABLE shop.orders DROP CONSTRAINT orders_customer_fkey
ALTER TABLE shop.orders_2024 DROP CONSTRAINT orders_2024_id_check
ALTER TABLE shop.item DROP CONSTRAINT item_pkey
ALTER TABLE shop.item DROP CONSTRAINT of_order
ALTER TABLE shop.item DROP CONSTRAINT by_sku
ALTER TABLE shop.item VALIDATE CONSTRAINT by_sku
ALTER TABLE shop.item ALTER CONSTRAINT of_order DEFERRABLE INITIALLY DEFERRED
ALTER TABLE shop.thing DROP CONSTRAINT named
ALTER TABLE shop.thing DROP CONSTRAINT thing_pkey
ALTER TABLE shop.marked DROP CONSTRAINT marked_mark_check
ALTER TABLE shop.house DROP CONSTRAINT house_pkey
ALTER TABLE crm.shipment DROP CONSTRAINT shipment_orders_ordered_region_fkey
DROP INDEX shop.product_price, shop.product_taxed, shop.product_maker
DROP INDEX shop.product_doc
DROP INDEX shop.product_brin, shop.product_words, shop.product_prefix
DROP INDEX shop.product_spgist, shop.product_alone
DROP INDEX shop.orders_state
DROP INDEX shop.orders_amount
DROP INDEX shop.orders_2024_own
DROP INDEX shop.sums_customer
DROP INDEX shop."Odd Index"
DROP STATISTICS shop.makers
\if :since_14
DROP STATISTICS report.taxed
\endif
ALTER INDEX shop.product_doc RESET (fastupdate)
ALTER INDEX shop.product_brin SET (pages_per_range = 32)
ALTER INDEX shop.product_taxed ALTER COLUMN 1 SET STATISTICS -1
COMMENT ON INDEX shop.product_doc IS NULL
COMMENT ON CONSTRAINT named ON shop.customer IS NULL
COMMENT ON STATISTICS shop.makers IS NULL

-- Tables, settings
ALTER TABLE shop.product SET (fillfactor = 90)
ALTER TABLE shop.product RESET (fillfactor, autovacuum_enabled)
ALTER TABLE shop.product RESET (toast.autovacuum_enabled)
ALTER TABLE shop.product SET WITHOUT CLUSTER
ALTER TABLE shop.product CLUSTER ON by_sku
ALTER TABLE shop.cache SET LOGGED
ALTER TABLE shop.orders_2024 RESET (fillfactor)
ALTER TABLE shop.orders REPLICA IDENTITY DEFAULT
ALTER TABLE shop.log REPLICA IDENTITY FULL
ALTER TABLE shop.log DISABLE ROW LEVEL SECURITY
DELETE FROM shop.item; DELETE FROM crm.shipment; ALTER TABLE shop.orders DETACH PARTITION shop.orders_2024
ALTER TABLE shop.item DROP CONSTRAINT of_order; ALTER TABLE crm.shipment DROP CONSTRAINT shipment_orders_ordered_region_fkey; ALTER TABLE shop.orders DETACH PARTITION shop.orders_2025
ALTER TABLE shop.item DROP CONSTRAINT of_order; ALTER TABLE crm.shipment DROP CONSTRAINT shipment_orders_ordered_region_fkey; ALTER TABLE shop.orders_2025 DETACH PARTITION shop.orders_2025_rest
DELETE FROM shop.item; DELETE FROM crm.shipment; ALTER TABLE shop.orders DETACH PARTITION crm.orders_other
ALTER TABLE shop.event DETACH PARTITION shop.event_0
DELETE FROM shop.item; DELETE FROM crm.shipment; ALTER TABLE shop.orders DETACH PARTITION crm.orders_other; ALTER TABLE shop.orders ATTACH PARTITION crm.orders_other FOR VALUES FROM ('2026-01-01') TO ('2099-01-01')
ALTER TABLE shop.event DETACH PARTITION shop.event_0; DROP TABLE shop.event_0
ALTER TABLE crm.chair NO INHERIT shop.thing
ALTER TABLE crm.chair NO INHERIT shop.marked
ALTER TABLE crm.stool NO INHERIT crm.chair
ALTER TABLE crm.chair NO INHERIT shop.marked; ALTER TABLE crm.chair INHERIT shop.marked
ALTER TABLE shop.customer DISABLE TRIGGER touched
ALTER TABLE shop.customer ENABLE TRIGGER truncated
ALTER TABLE shop.customer DISABLE TRIGGER USER
ALTER TABLE shop.product ENABLE REPLICA TRIGGER listed
ALTER TABLE shop.orders DISABLE TRIGGER of_orders
ALTER TABLE shop.orders_2024 ENABLE TRIGGER of_orders
ALTER TABLE shop.thing ENABLE RULE noted
ALTER TABLE shop.log DISABLE RULE quiet
COMMENT ON TABLE shop.customer IS NULL
COMMENT ON COLUMN shop.customer.name IS 'Another'
COMMENT ON COLUMN shop.orders.state IS NULL

-- Triggers, rules, policies
DROP TRIGGER touched ON shop.customer
DROP TRIGGER truncated ON shop.customer
DROP TRIGGER listed ON shop.product
DROP TRIGGER checked ON shop.item
DROP TRIGGER of_orders ON shop.orders
DROP TRIGGER instead ON shop.paid
DROP RULE quiet ON shop.log
DROP RULE noted ON shop.thing
DROP RULE written ON report.grouped
CREATE OR REPLACE RULE quiet AS ON DELETE TO shop.log DO ALSO NOTHING
CREATE OR REPLACE RULE noted AS ON UPDATE TO shop.thing DO INSTEAD NOTHING
\if :since_14
CREATE OR REPLACE TRIGGER touched AFTER DELETE ON shop.customer FOR EACH ROW EXECUTE FUNCTION shop.touched()
\endif
DROP POLICY own ON shop.log
DROP POLICY strict ON shop.log
DROP POLICY seen ON shop.customer
ALTER POLICY own ON shop.log USING (true)
ALTER POLICY strict ON shop.log TO :clerk
COMMENT ON TRIGGER touched ON shop.customer IS NULL
COMMENT ON RULE quiet ON shop.log IS NULL
COMMENT ON POLICY own ON shop.log IS 'changed'

-- Views
DROP VIEW shop.paid CASCADE
DROP VIEW shop.secure CASCADE
DROP VIEW shop.over_secure
DROP VIEW shop.referrals
DROP VIEW report.grouped
DROP VIEW report.whole, report.functions
DROP VIEW crm.others_view
DROP MATERIALIZED VIEW shop.sums CASCADE
DROP MATERIALIZED VIEW report.empty_sums CASCADE
DROP VIEW report.over_sums
CREATE OR REPLACE VIEW shop.paid AS SELECT id, customer, amount + 1 AS amount FROM shop.orders
CREATE OR REPLACE VIEW shop.paid AS SELECT id, customer, amount, region FROM shop.orders
CREATE OR REPLACE VIEW shop.over_secure AS SELECT * FROM shop.secure
CREATE OR REPLACE VIEW report.grouped AS SELECT id, name, email, 1::bigint AS count FROM shop.customer
ALTER VIEW shop.paid RENAME TO settled
ALTER VIEW shop.paid RENAME COLUMN amount TO total
ALTER VIEW shop.paid SET SCHEMA report
ALTER VIEW shop.paid OWNER TO :other
ALTER VIEW shop.secure RESET (security_barrier)
ALTER VIEW shop.secure SET (check_option = cascaded)
ALTER VIEW shop.secure ALTER state DROP DEFAULT
ALTER VIEW shop.secure RENAME TO safe
ALTER VIEW report.grouped SET SCHEMA shop
ALTER MATERIALIZED VIEW shop.sums RENAME TO totals
ALTER MATERIALIZED VIEW shop.sums RENAME COLUMN total TO amount
ALTER MATERIALIZED VIEW shop.sums SET SCHEMA crm
ALTER MATERIALIZED VIEW shop.sums OWNER TO :other
ALTER MATERIALIZED VIEW shop.sums ALTER total SET STATISTICS -1
ALTER MATERIALIZED VIEW report.empty_sums RESET (fillfactor)
REFRESH MATERIALIZED VIEW shop.sums WITH NO DATA
COMMENT ON VIEW shop.paid IS NULL
COMMENT ON COLUMN shop.paid.amount IS NULL
COMMENT ON MATERIALIZED VIEW shop.sums IS NULL
COMMENT ON COLUMN shop.sums.total IS NULL
REVOKE ALL ON shop.paid, shop.sums FROM PUBLIC

-- Publications
DROP PUBLICATION listed
DROP PUBLICATION nothing
ALTER PUBLICATION listed DROP TABLE shop.customer
ALTER PUBLICATION listed SET (publish = 'delete')
ALTER PUBLICATION listed RENAME TO unlisted
ALTER PUBLICATION listed SET TABLE shop.product
\if :since_15
DROP PUBLICATION part
ALTER PUBLICATION part SET TABLE shop.product (id)
ALTER PUBLICATION part SET TABLE shop.product WHERE (id > 5)
\endif
COMMENT ON PUBLICATION listed IS NULL

-- Grants and owners
REVOKE ALL ON shop.customer FROM :clerk CASCADE
REVOKE GRANT OPTION FOR SELECT ON shop.customer FROM :clerk CASCADE
REVOKE ALL ON shop.customer FROM :writer
REVOKE SELECT (id) ON shop.customer FROM :reader
REVOKE UPDATE (name) ON shop.customer FROM :reader
REVOKE ALL ON shop.customer FROM :owner
REVOKE UPDATE (price) ON shop.product FROM :clerk CASCADE
REVOKE SELECT ON shop.product FROM PUBLIC
REVOKE ALL ON ALL TABLES IN SCHEMA shop FROM :reader, :writer
GRANT ALL ON shop.log TO PUBLIC
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO :clerk WITH GRANT OPTION
GRANT DELETE, TRIGGER ON shop.customer TO :other; REVOKE INSERT ON shop.customer FROM :writer
GRANT UPDATE (email) ON shop.customer TO :clerk
DROP OWNED BY :reader
DROP OWNED BY :writer
DROP OWNED BY :clerk CASCADE
DROP OWNED BY :other CASCADE
REASSIGN OWNED BY :other TO :owner
ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA shop REVOKE SELECT ON TABLES FROM :reader
ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA shop REVOKE ALL ON SEQUENCES FROM :writer
ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA crm GRANT ALL ON FUNCTIONS TO :writer; DROP TABLE crm.account
ALTER DEFAULT PRIVILEGES FOR ROLE :owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC
ALTER DEFAULT PRIVILEGES FOR ROLE :owner REVOKE EXECUTE ON FUNCTIONS FROM :reader, :writer
ALTER DEFAULT PRIVILEGES FOR ROLE :owner REVOKE USAGE ON TYPES FROM :clerk
ALTER DEFAULT PRIVILEGES FOR ROLE :owner REVOKE USAGE ON TYPES FROM PUBLIC
ALTER DEFAULT PRIVILEGES FOR ROLE :owner REVOKE CREATE ON SCHEMAS FROM :reader
ALTER DEFAULT PRIVILEGES FOR ROLE :other REVOKE SELECT ON TABLES FROM :reader
SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid < 5003
SELECT lo_put(5001, 2, 'X'), lo_truncate(lo_open(5002, 131072), 50000)
REVOKE ALL ON LARGE OBJECT 5002 FROM :reader
ALTER LARGE OBJECT 5001 OWNER TO :other
COMMENT ON LARGE OBJECT 5001 IS 'another comment'
