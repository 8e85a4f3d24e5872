"""What the server runs besides a write: triggers, rules, and what is computed for new rows.

A write leads to the functions of the relation's triggers and to its rules, to what its defaults,
checks, indexes and domains compute, and on to writes of other relations: of its partitions and
heirs, of the tables behind a view, and of those that foreign keys carry it to. Only writes that
end at code of the user's own are listed. Each part is a query for the catalog summary; column
lists, whether a WHEN holds, and row or statement level are not looked at, so that too much may be
listed and nothing is missing.
"""

from __future__ import annotations

from backstop.postgres.relations import function_behind, trigger_code

# FirstNormalObjectId: what initdb made has a lower OID. The triggers behind foreign keys and
# constraints run functions of the server's own.
FIRST_OWN = 16384

_EDGES = f"""
    SELECT i.inhparent AS source, step.event, i.inhrelid AS target, step.effect
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class child ON child.oid = i.inhrelid
    JOIN (VALUES ('update', 'update', true), ('delete', 'delete', true),
                 ('insert', 'insert', false),
                 -- A row may have to move to another partition.
                 ('update', 'insert', false), ('update', 'delete', false)
         ) AS step (event, effect, always) ON step.always OR child.relispartition
    WHERE child.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT k.confrelid, 'delete', k.conrelid,
           CASE k.confdeltype WHEN 'c' THEN 'delete' ELSE 'update' END
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
    UNION ALL
    SELECT k.confrelid, 'update', k.conrelid, 'update'
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.confupdtype IN ('c', 'n', 'd')
    UNION ALL
    SELECT r.ev_class, step.event, used.refobjid, step.event
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend used
      ON used.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND used.objid = r.oid
     AND used.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     AND used.refobjid <> r.ev_class
    CROSS JOIN (VALUES ('insert'), ('update'), ('delete')) AS step (event)
    WHERE r.ev_type = '1' AND r.ev_class >= {FIRST_OWN}
"""

_OWN_CODE = f"""
    SELECT part.relid, part.version
    FROM (
        SELECT a.adrelid, a.tableoid, a.oid, a.xmin || ' ' || a.ctid FROM pg_catalog.pg_attrdef a
        UNION ALL
        -- Before version 15, what a generated column uses counts as the column's.
        SELECT g.attrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, g.attrelid,
               g.xmin || ' ' || g.ctid
        FROM pg_catalog.pg_attribute g
        WHERE g.attgenerated <> '' AND NOT g.attisdropped
        UNION ALL
        SELECT k.conrelid, k.tableoid, k.oid, k.xmin || ' ' || k.ctid
        FROM pg_catalog.pg_constraint k
        WHERE k.contype = 'c' AND k.conrelid <> 0
        UNION ALL
        SELECT i.indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid,
               i.xmin || ' ' || i.ctid
        FROM pg_catalog.pg_index i
        WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
        UNION ALL
        SELECT p.partrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, p.partrelid,
               p.xmin || ' ' || p.ctid
        FROM pg_catalog.pg_partitioned_table p
        WHERE p.partexprs IS NOT NULL
    ) AS part (relid, classid, objid, version)
    WHERE EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = part.classid AND d.objid = part.objid AND d.refobjid >= {FIRST_OWN}
          AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                               'pg_catalog.pg_operator'::pg_catalog.regclass))
"""

# Types that hold a domain with checks or a default, at whatever depth, as (type, domain).
_CHECKED = f"""
    SELECT t.oid AS type, t.oid AS domain
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd' AND t.oid >= {FIRST_OWN}
      AND (t.typdefaultbin IS NOT NULL
           OR t.oid = ANY (ARRAY(SELECT k.contypid FROM pg_catalog.pg_constraint k)))
    UNION
    SELECT held.type, checked.domain
    FROM checked
    CROSS JOIN LATERAL (
        SELECT t.oid FROM pg_catalog.pg_type t
        WHERE t.oid >= {FIRST_OWN} AND checked.type IN (t.typbasetype, t.typelem)
        UNION ALL
        SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngsubtype = checked.type
        UNION ALL
        SELECT c.reltype
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        WHERE a.atttypid = checked.type AND a.attnum > 0 AND NOT a.attisdropped
          AND c.reltype <> 0
    ) AS held (type)
"""

_HOOKS = f"""
    SELECT own.relid AS source, step.event, 'expressions' AS kind, own.relid::pg_catalog.int8 AS oid
    FROM ({_OWN_CODE}) AS own (relid, version)
    CROSS JOIN (VALUES ('insert'), ('update')) AS step (event)
    UNION
    SELECT a.attrelid, step.event, 'domain', checked.domain::pg_catalog.int8
    FROM checked
    JOIN pg_catalog.pg_attribute a
      ON a.atttypid = checked.type AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attrelid >= {FIRST_OWN}
    CROSS JOIN (VALUES ('insert'), ('update')) AS step (event)
    UNION ALL
    SELECT t.tgrelid, step.event, 'function', code.function::pg_catalog.int8
    FROM pg_catalog.pg_trigger t
    CROSS JOIN LATERAL ({trigger_code("t")}) AS code (function)
    -- The bits of TRIGGER_TYPE_INSERT, _DELETE and _UPDATE.
    JOIN (VALUES ('insert', 4), ('delete', 8), ('update', 16)) AS step (event, bit)
      ON t.tgtype::pg_catalog.int4 & step.bit <> 0
    WHERE t.tgenabled <> 'D' AND code.function >= {FIRST_OWN}
    UNION ALL
    SELECT r.ev_class, CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert'
                                      ELSE 'delete' END,
           'rule', r.oid::pg_catalog.int8
    FROM pg_catalog.pg_rewrite r
    WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND r.ev_class >= {FIRST_OWN}
    UNION
    SELECT r.ev_class, 'refresh',
           CASE d.refclassid WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN 'relation'
                             ELSE 'function' END,
           {function_behind("d")}::pg_catalog.int8
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind = 'm'
    JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refobjid >= {FIRST_OWN} AND d.refobjid <> c.oid
     AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                          'pg_catalog.pg_class'::pg_catalog.regclass,
                          'pg_catalog.pg_operator'::pg_catalog.regclass)
"""

WRITES = f"""
    WITH RECURSIVE checked AS ({_CHECKED}),
    hook AS MATERIALIZED ({_HOOKS}), edge AS MATERIALIZED ({_EDGES}),
    hooked AS (
        SELECT source, event FROM hook
        UNION
        SELECT edge.source, edge.event FROM hooked
        JOIN edge ON edge.target = hooked.source AND edge.effect = hooked.event
    ), step AS (
        SELECT hook.source, hook.event, hook.kind, hook.oid FROM hook
        UNION
        SELECT edge.source, edge.event, edge.effect, edge.target::pg_catalog.int8
        FROM edge JOIN hooked ON hooked.source = edge.target AND hooked.event = edge.effect
    )
    SELECT step.event AS kind, c.oid, '' AS version, n.nspname AS schema, c.relname AS name,
           pg_catalog.json_agg(pg_catalog.json_build_array(step.kind, step.oid)
                               ORDER BY step.kind, step.oid) AS leads_to
    FROM step
    JOIN pg_catalog.pg_class c ON c.oid = step.source
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    GROUP BY step.event, c.oid, n.nspname, c.relname
"""
"""The writes that lead to anything of the user's, as objects of the summary."""

EXPRESSIONS = f"""
    SELECT 'expressions' AS kind, c.oid,
           pg_catalog.string_agg(own.version, ',' ORDER BY own.version) AS version,
           n.nspname AS schema, c.relname AS name
    FROM ({_OWN_CODE}) AS own (relid, version)
    JOIN pg_catalog.pg_class c ON c.oid = own.relid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    GROUP BY c.oid, n.nspname, c.relname
"""
"""Tables whose defaults, checks, generated columns, indexes or partition keys run own code."""

RULES = f"""
    SELECT 'rule' AS kind, r.oid, r.xmin || ' ' || r.ctid AS version, n.nspname AS schema,
           r.rulename || ' on ' || c.relname AS name
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND r.ev_class >= {FIRST_OWN}
"""
"""The rules that writes run, as objects of the summary."""

EVENTS = f"""
    SELECT e.evtevent AS event, e.evttags AS tags, e.evtfoid::pg_catalog.int8 AS function
    FROM pg_catalog.pg_event_trigger e
    WHERE e.evtenabled <> 'D' AND e.evtevent <> 'login' AND e.evtfoid >= {FIRST_OWN}
"""
"""The event triggers that definitions run."""
