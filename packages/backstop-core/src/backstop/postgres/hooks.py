"""What the server runs besides a write: the triggers and rules that it leads to.

A write leads to the functions of the relation's triggers and to its rules, and on to writes of
other relations: of its partitions and heirs, of the tables behind a view, and of those that
foreign keys carry it to. Only writes that end at a trigger or a rule are listed. Each part is a
query for the catalog summary; column lists, WHEN conditions and row or statement level are not
looked at, so that too much may be listed and nothing is missing.
"""

from __future__ import annotations

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

_HOOKS = f"""
    SELECT t.tgrelid AS source, step.event, 'function' AS kind, t.tgfoid::pg_catalog.int8 AS oid
    FROM pg_catalog.pg_trigger t
    -- The bits of TRIGGER_TYPE_INSERT, _DELETE and _UPDATE.
    JOIN (VALUES ('insert', 4), ('delete', 8), ('update', 16)) AS step (event, bit)
      ON t.tgtype::pg_catalog.int4 & step.bit <> 0
    WHERE t.tgenabled <> 'D' AND t.tgfoid >= {FIRST_OWN}
    UNION ALL
    SELECT r.ev_class, CASE r.ev_type WHEN '2' THEN 'update' WHEN '3' THEN 'insert'
                                      ELSE 'delete' END,
           'rule', r.oid::pg_catalog.int8
    FROM pg_catalog.pg_rewrite r
    WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' AND r.ev_class >= {FIRST_OWN}
"""

WRITES = f"""
    WITH RECURSIVE hook AS MATERIALIZED ({_HOOKS}), edge AS MATERIALIZED ({_EDGES}),
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
"""The writes that lead to a trigger or a rule, as objects of the summary."""

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
