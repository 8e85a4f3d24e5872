"""Aggregates of all forms: ordinary, moving, parallel, ordered-set and hypothetical-set."""

from __future__ import annotations

from typing import Any

from backstop.postgres import query, quoting
from backstop.postgres.model.catalog import address, lasting, own
from backstop.postgres.model.spelling import clause, operator_name, quoted, routine_name
from backstop.postgres.objects import CatalogObject
from backstop.session import Session

_PARALLEL = {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}
_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}


def read(session: Session, version: int) -> list[CatalogObject]:  # noqa: ARG001
    """Return what creates the aggregates, or replaces them."""
    return [_aggregate(entry) for entry in _aggregates(session)]


def _aggregate(entry: dict[str, Any]) -> CatalogObject:
    target = f"AGGREGATE {entry['sql']}({entry['identity'] or '*'})"
    create = f"CREATE OR REPLACE AGGREGATE {entry['sql']}({entry['arguments'] or '*'})"
    return CatalogObject(
        "aggregate",
        f"aggregate {entry['schema']}.{entry['name']}({entry['types']})",
        (f"{create} {clause(_settings(entry))}",),
        drop=(f"DROP {target}",),
        replaces=True,
        address=address("pg_proc", entry["oid"]),
        target=target,
        schema=entry["schema"],
        name=entry["name"],
    )


def _settings(entry: dict[str, Any]) -> list[tuple[str, str | None]]:
    moving = entry["msfunc"] is not None
    return [
        ("SFUNC", entry["sfunc"]),
        ("STYPE", entry["stype"]),
        ("SSPACE", _size(entry["sspace"])),
        ("FINALFUNC", entry["finalfunc"]),
        ("FINALFUNC_EXTRA", _flag(entry["extra"])),
        ("FINALFUNC_MODIFY", _MODIFY[entry["modify"]]),
        ("COMBINEFUNC", entry["combinefunc"]),
        ("SERIALFUNC", entry["serialfunc"]),
        ("DESERIALFUNC", entry["deserialfunc"]),
        ("INITCOND", _text(entry["initcond"])),
        ("MSFUNC", entry["msfunc"]),
        ("MINVFUNC", entry["minvfunc"]),
        ("MSTYPE", entry["mstype"] if moving else None),
        ("MSSPACE", _size(entry["msspace"])),
        ("MFINALFUNC", entry["mfinalfunc"]),
        ("MFINALFUNC_EXTRA", _flag(entry["mextra"])),
        ("MFINALFUNC_MODIFY", _MODIFY[entry["mmodify"]] if moving else None),
        ("MINITCOND", _text(entry["minitcond"])),
        ("SORTOP", entry["sortop"] and f"OPERATOR({entry['sortop']})"),
        ("PARALLEL", _PARALLEL[entry["parallel"]]),
        ("HYPOTHETICAL", _flag(entry["kind"] == "h")),
    ]


def _flag(value: bool) -> str | None:
    return "true" if value else None


def _size(value: int) -> str | None:
    return str(value) if value else None


def _text(value: str | None) -> str | None:
    return None if value is None else quoting.literal(value)


def _aggregates(session: Session) -> list[dict[str, Any]]:
    functions = {
        "sfunc": "aggtransfn",
        "finalfunc": "aggfinalfn",
        "combinefunc": "aggcombinefn",
        "serialfunc": "aggserialfn",
        "deserialfunc": "aggdeserialfn",
        "msfunc": "aggmtransfn",
        "minvfunc": "aggminvtransfn",
        "mfinalfunc": "aggmfinalfn",
    }
    named = ", ".join(
        f"{routine_name(f'a.{column}')} AS {name}" for name, column in functions.items()
    )
    return query.rows(
        session,
        f"""
        SELECT p.oid, n.nspname AS schema, p.proname AS name, {quoted("n", "p.proname")} AS sql,
               pg_catalog.oidvectortypes(p.proargtypes) AS types, p.proparallel AS parallel,
               pg_catalog.pg_get_function_identity_arguments(p.oid) AS identity,
               pg_catalog.pg_get_function_arguments(p.oid) AS arguments, {named},
               pg_catalog.format_type(a.aggtranstype, NULL) AS stype, a.aggtransspace AS sspace,
               a.aggfinalextra AS extra, a.aggfinalmodify AS modify, a.agginitval AS initcond,
               pg_catalog.format_type(a.aggmtranstype, NULL) AS mstype, a.aggmtransspace AS msspace,
               a.aggmfinalextra AS mextra, a.aggmfinalmodify AS mmodify, a.aggminitval AS minitcond,
               a.aggkind AS kind, {operator_name("a.aggsortop")} AS sortop
        FROM pg_catalog.pg_aggregate a
        JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE {lasting("n")} AND {own("p")}
        ORDER BY p.oid
        """,
    )
