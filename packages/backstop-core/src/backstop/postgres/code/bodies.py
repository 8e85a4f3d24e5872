"""The definitions behind the entries of a catalog summary: code to read, and what they refer to.

What a view, a policy or a check refers to is read from the server's own parsed form, where every
function, operator and implicit cast has its OID: text would leave some of them out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from backstop.postgres import query, quoting, server
from backstop.postgres.code.summary import FIRST_OWN, CatalogObject, ObjectKind
from backstop.session import Session


@dataclass(frozen=True)
class Body:
    """What one object is made of.

    ``code`` is the text of a function in SQL or a procedural language, or of the statement that
    creates a rule. ``builtins`` are the names
    of PostgreSQL's own functions that the parsed form calls, ``references`` the user's own
    objects in it.
    """

    code: str | None
    builtins: tuple[str, ...]
    references: tuple[tuple[ObjectKind, int], ...]


def fetch(
    session: Session, objects: list[CatalogObject], server_version: int
) -> dict[tuple[ObjectKind, int], Body]:
    """Return the body of each object that still exists."""
    found: dict[tuple[ObjectKind, int], Body] = {}
    for kind, build in _QUERIES.items():
        oids = [entry.oid for entry in objects if entry.kind is kind]
        if not oids:
            continue
        for row in query.rows(session, build(quoting.oid_array(oids), server_version)):
            references = tuple(
                (ObjectKind(one["kind"]), int(one["oid"])) for one in row["objects"] or ()
            )
            found[kind, int(row["oid"])] = Body(
                row["code"], tuple(row["builtins"] or ()), references
            )
    return found


@dataclass(frozen=True)
class Routine:
    """A function or procedure of the user's, in a language that can be read."""

    oid: int
    language: str
    code: str


def find_routines(session: Session, names: Collection[tuple[str | None, str]]) -> list[Routine]:
    """Return the routines in SQL or PL/pgSQL that calls by these names may reach, all overloads.

    A name is given with its schema, or with None where the search path says it.
    """
    if not names:
        return []
    found = query.rows(
        session,
        f"""
        SELECT p.oid, l.lanname AS language, {_code(server.version(session))} AS code
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        JOIN {quoting.text_pairs((schema or "", name) for schema, name in names)}
              AS wanted (schema, name)
          ON wanted.name = p.proname
         AND CASE wanted.schema WHEN '' THEN n.nspname = ANY (pg_catalog.current_schemas(true))
                                ELSE n.nspname = wanted.schema END
        WHERE p.oid >= {FIRST_OWN} AND l.lanname IN ('sql', 'plpgsql')
        ORDER BY p.oid
        """,
    )
    return [Routine(int(entry["oid"]), entry["language"], entry["code"]) for entry in found]


def _code(server_version: int) -> str:
    # Functions with a parsed body (BEGIN ATOMIC, RETURN) came with PostgreSQL 14.
    if server_version >= _PARSED_BODIES:
        return "COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)"
    return "p.prosrc"


_PARSED_BODIES = 140000

# The fields of a parsed expression that hold the OID of a function, a relation or a type.
_FIELDS = (
    "':(funcid|opfuncid|aggfnoid|winfnoid|elemfuncid|relid|resulttype) ([0-9]+)'::pg_catalog.text"
)


def _in_trees(trees: str) -> str:
    """Return a query for the fields (name, oid) of the node trees that a query gives."""
    return f"""
        SELECT hit[1] AS name, hit[2]::pg_catalog.int8 AS oid
        FROM ({trees}) AS stored (tree)
        CROSS JOIN LATERAL pg_catalog.regexp_matches(stored.tree, {_FIELDS}, 'g') AS hit
    """


def _referring(fields: str) -> str:
    """Return a query for the columns ``builtins`` and ``objects`` of some fields."""
    return f"""
        SELECT pg_catalog.array_agg(DISTINCT p.proname) FILTER (WHERE p.oid < {FIRST_OWN})
                   AS builtins,
               pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_object(
                   'kind', CASE field.name WHEN 'relid' THEN 'relation'
                                           WHEN 'resulttype' THEN 'domain' ELSE 'function' END,
                   'oid', field.oid)) FILTER (WHERE field.oid >= {FIRST_OWN}) AS objects
        FROM ({fields}) AS field (name, oid)
        LEFT JOIN pg_catalog.pg_proc p
          ON p.oid = field.oid AND field.name NOT IN ('relid', 'resulttype')
    """


def _functions(oids: str, server_version: int) -> str:
    parsed = server_version >= _PARSED_BODIES
    # A call evaluates the defaults of the arguments that it leaves out.
    trees = "SELECT p.proargdefaults::pg_catalog.text"
    trees += " UNION ALL SELECT p.prosqlbody::pg_catalog.text" if parsed else ""
    fields = f"""
        {_in_trees(trees)}
        UNION ALL
        SELECT 'part', part.oid::pg_catalog.int8
        FROM pg_catalog.pg_aggregate a
        CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[
            a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
            a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn
        ]::pg_catalog.oid[]) AS part (oid)
        WHERE a.aggfnoid = p.oid
        UNION ALL
        SELECT 'same', same.oid::pg_catalog.int8
        FROM pg_catalog.pg_proc same
        WHERE l.lanname = 'internal' AND p.prokind = 'f' AND same.prolang = p.prolang
          AND same.prosrc = p.prosrc AND same.oid < {FIRST_OWN}
    """
    return f"""
        SELECT p.oid, {_code(server_version)} AS code, stored.builtins, stored.objects
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        CROSS JOIN LATERAL ({_referring(fields)}) AS stored
        WHERE p.oid = ANY ({oids})
    """


def _relations(oids: str, _: int) -> str:
    trees = """
        SELECT r.ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite r
        WHERE r.ev_class = c.oid AND r.ev_type = '1'
        UNION ALL
        SELECT pg_catalog.concat(p.polqual::pg_catalog.text, p.polwithcheck::pg_catalog.text)
        FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND c.relrowsecurity
    """
    return f"""
        SELECT c.oid, NULL AS code, stored.builtins, stored.objects FROM pg_catalog.pg_class c
        CROSS JOIN LATERAL ({_referring(_in_trees(trees))}) AS stored WHERE c.oid = ANY ({oids})
    """


def _domains(oids: str, _: int) -> str:
    trees = """
        SELECT k.conbin::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid
        UNION ALL
        SELECT t.typdefaultbin::pg_catalog.text
    """
    fields = f"{_in_trees(trees)} UNION ALL SELECT 'resulttype', t.typbasetype::pg_catalog.int8"
    return f"""
        SELECT t.oid, NULL AS code, stored.builtins, stored.objects FROM pg_catalog.pg_type t
        CROSS JOIN LATERAL ({_referring(fields)}) AS stored WHERE t.oid = ANY ({oids})
    """


def _expressions(oids: str, _: int) -> str:
    trees = """
        SELECT a.adbin::pg_catalog.text FROM pg_catalog.pg_attrdef a WHERE a.adrelid = c.oid
        UNION ALL
        SELECT k.conbin::pg_catalog.text FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid
        UNION ALL
        SELECT pg_catalog.concat(i.indexprs::pg_catalog.text, i.indpred::pg_catalog.text)
        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
        UNION ALL
        SELECT p.partexprs::pg_catalog.text
        FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = c.oid
    """
    return f"""
        SELECT c.oid, NULL AS code, stored.builtins, stored.objects FROM pg_catalog.pg_class c
        CROSS JOIN LATERAL ({_referring(_in_trees(trees))}) AS stored WHERE c.oid = ANY ({oids})
    """


def _rules(oids: str, _: int) -> str:
    trees = "SELECT pg_catalog.concat(r.ev_qual::pg_catalog.text, r.ev_action::pg_catalog.text)"
    return f"""
        SELECT r.oid, pg_catalog.pg_get_ruledef(r.oid) AS code, stored.builtins, stored.objects
        FROM pg_catalog.pg_rewrite r
        CROSS JOIN LATERAL ({_referring(_in_trees(trees))}) AS stored WHERE r.oid = ANY ({oids})
    """


_QUERIES = {
    ObjectKind.FUNCTION: _functions,
    ObjectKind.RELATION: _relations,
    ObjectKind.DOMAIN: _domains,
    ObjectKind.RULE: _rules,
    ObjectKind.EXPRESSIONS: _expressions,
}
