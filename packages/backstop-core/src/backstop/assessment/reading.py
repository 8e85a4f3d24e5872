"""What one object does by itself, read from its body, and what it uses in turn.

An object is free of effects only by proof: code in SQL or PL/pgSQL was read, code in C belongs to
an extension that declares it stable or immutable. A declaration alone proves nothing of a body
that can be read. What can't be read is told apart from what was read and has effects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from backstop.classifier.functions import call_risk, runs_text
from backstop.classifier.routines import READABLE, routine_findings, rule_actions
from backstop.classifier.unreadable import UNREADABLE
from backstop.levels import RiskLevel
from backstop.postgres.code.bodies import Body
from backstop.postgres.code.summary import CatalogObject, ObjectKind
from backstop.syntax.lexer import LexError, Token, tokenize
from backstop.syntax.traits import calls_outside, chooses_schemas
from backstop.syntax.uses import (
    OperatorUse,
    Use,
    WriteUse,
    used_names,
    used_operators,
    written_names,
)

Key = tuple[ObjectKind, int]

# Findings about names that the catalog explains.
EXPLAINED = frozenset({"unknown-function", "unknown-operator"})

# Volatile because they give another value each time, not because they change anything.
_HARMLESS_THOUGH_VOLATILE = frozenset(
    {("uuid-ossp", name) for name in ("uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4")}
    | {("pgcrypto", name) for name in ("gen_random_bytes", "gen_random_uuid", "gen_salt")}
    | {("pgcrypto", name) for name in ("pgp_sym_encrypt", "pgp_sym_encrypt_bytea")}
    | {("pgcrypto", name) for name in ("pgp_pub_encrypt", "pgp_pub_encrypt_bytea")}
)
# Those of PostgreSQL's own extensions that it marks as trusted: they act on this database alone,
# and on no rows but those that they are given.
_TRUSTED = frozenset(
    {"btree_gin", "btree_gist", "citext", "cube", "dict_int", "fuzzystrmatch", "hstore"}
    | {"intarray", "isn", "lo", "ltree", "pg_trgm", "pgcrypto", "seg", "tablefunc", "tcn"}
    | {"tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp"}
)

# What stands in the place of an aggregate's code.
_AGGREGATE = "aggregate_dummy"

_DEFINES = frozenset(
    {"ALTER", "COMMENT", "CREATE", "DROP", "GRANT", "IMPORT", "REFRESH", "REINDEX", "REVOKE"}
    | {"SECURITY"}
)


class Meaning(NamedTuple):
    """The risk of using something, SAFE or at least HIGH, and why, as a sentence.

    ``opaque`` is whether code in it can't be read, ``outside`` whether it reaches what no
    rollback takes back, such as another server, ``takes`` whether it may do more than add, and
    ``moves`` whether names may stand for others afterwards.
    """

    level: RiskLevel
    reason: str = ""
    opaque: bool = False
    outside: bool = False
    takes: bool = True
    moves: bool = False


# LOW are these, when their WHERE restricts them, and what adds.
_CHANGE_ROWS = ("delete", "update", "merge")

SAFE = Meaning(RiskLevel.SAFE, takes=False)
CHANGED = Meaning(RiskLevel.HIGH, "has changed while the catalog was read.", opaque=True)
UNEXPLAINED = Meaning(RiskLevel.HIGH, "calls a function that is not known.", opaque=True)


@dataclass(frozen=True)
class Own:
    """What an object does by itself, and what it uses in turn.

    ``writes`` are the relations that its code writes to; ``defines`` is whether it may hold a
    command that event triggers see.
    """

    risk: Meaning = SAFE
    names: tuple[Use, ...] = ()
    operators: tuple[OperatorUse, ...] = ()
    unexplained: frozenset[int] = frozenset()
    references: tuple[Key, ...] = ()
    writes: tuple[WriteUse, ...] = ()
    defines: bool = False


def worst(meanings: Iterable[Meaning]) -> Meaning:
    """Return the riskiest; of equal ones one that can't be read. What any reaches, it reaches."""
    found = list(meanings)
    riskiest = max(found, key=rank)
    return riskiest._replace(
        outside=any(meaning.outside for meaning in found),
        takes=any(meaning.takes for meaning in found),
        moves=any(meaning.moves for meaning in found),
    )


def rank(meaning: Meaning) -> tuple[int, bool]:
    """Return what meanings are ordered by."""
    return meaning.level.rank, meaning.opaque


def judge_body(entry: CatalogObject, body: Body) -> Own:
    """Judge one object by its body."""
    own = Own()
    if entry.kind is ObjectKind.RULE:
        own = read_code(rule_actions(body.code or ""), "sql")
    elif entry.language in READABLE and body.code is not None:
        own = read_code(body.code, entry.language)
        if not entry.volatile and own.risk.level > RiskLevel.HIGH:
            # The server lets such a function run nothing but queries, and what those call.
            own = replace(own, risk=own.risk._replace(level=RiskLevel.HIGH, opaque=True))
    elif entry.kind is ObjectKind.FUNCTION and not _has_parts(entry, body):
        own = Own(_compiled(entry))
    risk = worst([own.risk, *map(called, body.builtins)])
    return replace(own, risk=risk, references=body.references)


def read_code(code: str, language: str) -> Own:
    """Judge code by its text."""
    findings = routine_findings(code, language)
    try:
        tokens = tokenize(code)
    except LexError:
        tokens = []
    risks = [
        _raised(finding.level, finding.reason, opaque=finding.kind == UNREADABLE)._replace(
            takes=finding.level > RiskLevel.LOW or finding.kind.startswith(_CHANGE_ROWS)
        )
        for finding in findings
        if finding.kind not in EXPLAINED
    ]
    risk = worst([SAFE, *risks])
    return Own(
        risk._replace(outside=calls_outside(tokens), moves=chooses_schemas(tokens)),
        tuple(used_names(tokens, 0, len(tokens))),
        tuple(used_operators(tokens, 0, len(tokens))),
        frozenset(finding.start for finding in findings if finding.kind in EXPLAINED),
        writes=tuple(written_names(tokens, 0, len(tokens))),
        defines=_defines(tokens),
    )


def called(name: str) -> Meaning:
    """Return what calling one of PostgreSQL's own functions may do."""
    risk = call_risk((name,))
    if risk is None:
        return SAFE
    return _raised(risk.level, risk.reason)._replace(takes=risk.level > RiskLevel.LOW)


def _has_parts(entry: CatalogObject, body: Body) -> bool:
    """Whether a function is an aggregate, or another name of built-in ones: its parts tell."""
    return entry.language == "internal" and (bool(body.builtins) or body.code == _AGGREGATE)


def _defines(tokens: list[Token]) -> bool:
    return any(token.upper in _DEFINES for token in tokens)


def _compiled(entry: CatalogObject) -> Meaning:
    if entry.language in ("c", "internal") and entry.extension is not None:
        known = (entry.extension, entry.name) in _HARMLESS_THOUGH_VOLATILE
        runs = runs_text((entry.name,))
        if known or not (entry.volatile or runs):
            return SAFE
        return Meaning(
            RiskLevel.HIGH,
            f"is a function of the extension {entry.extension} that may have effects.",
            opaque=runs or entry.extension not in _TRUSTED,
            outside=entry.extension not in _TRUSTED,
        )
    return Meaning(
        RiskLevel.HIGH,
        f"is code in {entry.language}, which can't be read here.",
        opaque=True,
    )


def _raised(level: RiskLevel, reason: str, *, opaque: bool = False) -> Meaning:
    """Return a meaning of at least HIGH: it does something that the text doesn't show."""
    told = reason.removeprefix("The code inside ")
    told = told if told != reason else f"does this: {reason}"
    return Meaning(max(level, RiskLevel.HIGH), told, opaque)
