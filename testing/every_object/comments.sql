-- A comment on everything that can have one. Run as a superuser.

DO $$
DECLARE
    catalog regclass;
    item record;
BEGIN
    FOREACH catalog IN ARRAY ARRAY['pg_class', 'pg_constraint', 'pg_type', 'pg_proc', 'pg_trigger',
        'pg_rewrite', 'pg_policy', 'pg_namespace', 'pg_collation', 'pg_conversion', 'pg_operator',
        'pg_opclass', 'pg_opfamily', 'pg_cast', 'pg_ts_config', 'pg_ts_dict', 'pg_ts_parser',
        'pg_ts_template', 'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_statistic_ext',
        'pg_event_trigger', 'pg_publication', 'pg_language', 'pg_extension', 'pg_am',
        'pg_transform']::regclass[]
    LOOP
        FOR item IN EXECUTE format(
            'SELECT i.type, i.identity FROM %s AS o, pg_identify_object(%L::regclass, o.oid, 0) AS i
             WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid
                 AND d.classid = %L::regclass AND d.deptype IN (''e'', ''i'')) %s',
            catalog, catalog, catalog, CASE catalog
                WHEN 'pg_class'::regclass THEN 'AND relkind IN (''r'', ''p'', ''v'', ''m'', ''f'',
                    ''S'', ''i'', ''I'')  AND relnamespace <> ''pg_toast''::regnamespace'
                WHEN 'pg_type'::regclass THEN 'AND typcategory <> ''A'' AND typisdefined'
                WHEN 'pg_rewrite'::regclass THEN 'AND rulename <> ''_RETURN'''
                WHEN 'pg_operator'::regclass THEN 'AND oprcode <> 0'
                WHEN 'pg_constraint'::regclass THEN 'AND contype NOT IN (''n'', ''t'')'
                ELSE '' END)
        LOOP
            EXECUTE format('COMMENT ON %s %s IS %L',
                CASE item.type WHEN 'aggregate' THEN 'routine'
                    WHEN 'foreign-data wrapper' THEN 'foreign data wrapper'
                    WHEN 'table constraint' THEN 'constraint'
                    WHEN 'domain constraint' THEN 'constraint'
                    WHEN 'statistics object' THEN 'statistics' ELSE item.type END,
                CASE item.type WHEN 'domain constraint'
                    THEN replace(item.identity, ' on ', ' on domain ')
                    WHEN 'transform' THEN replace(item.identity, ' on ', ' ') ELSE item.identity END,
                'On ' || item.type || ' "' || item.identity || '", it''s a comment');
        END LOOP;
    END LOOP;
END $$;
COMMENT ON COLUMN shop.customer.name IS 'The name';
COMMENT ON COLUMN shop.orders.state IS 'The state';
COMMENT ON COLUMN shop.paid.amount IS 'The amount';
COMMENT ON COLUMN shop.sums.total IS 'The total';
COMMENT ON COLUMN shop.far_away.id IS 'The far id';
COMMENT ON COLUMN shop.address.zip IS 'The code';
