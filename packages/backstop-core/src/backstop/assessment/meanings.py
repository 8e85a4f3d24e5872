"""What using one of the user's own objects may do: a function, a view, a policy, a check.

An object is as risky as the worst that can be reached from it. It is free of effects only by
proof: code in SQL or PL/pgSQL was read, code in C belongs to an extension that declares it stable
or immutable. A declaration alone proves nothing of a body that can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from backstop.classifier.functions import call_risk, runs_text
from backstop.classifier.routines import READABLE, routine_findings
from backstop.levels import RiskLevel
from backstop.postgres import bodies
from backstop.postgres.bodies import Body
from backstop.postgres.summary import Cast, CatalogObject, ObjectKind, Operator, Summary
from backstop.session import Session
from backstop.syntax.lexer import LexError, tokenize
from backstop.syntax.uses import OperatorUse, Use, used_names, used_operators

_Key = tuple[ObjectKind, int]

# Findings about names that the catalog explains.
EXPLAINED = frozenset({"unknown-function", "unknown-operator"})

# Volatile because they give another value each time, not because they change anything.
_HARMLESS_THOUGH_VOLATILE = frozenset(
    {("uuid-ossp", name) for name in ("uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4")}
    | {("pgcrypto", name) for name in ("gen_random_bytes", "gen_random_uuid", "gen_salt")}
    | {("pgcrypto", name) for name in ("pgp_sym_encrypt", "pgp_sym_encrypt_bytea")}
    | {("pgcrypto", name) for name in ("pgp_pub_encrypt", "pgp_pub_encrypt_bytea")}
)


# What stands in the place of an aggregate's code.
_AGGREGATE = "aggregate_dummy"


class Meaning(NamedTuple):
    """The risk of using something, SAFE or at least HIGH, and why, as a sentence."""

    level: RiskLevel
    reason: str = ""


_SAFE = Meaning(RiskLevel.SAFE)
_CHANGED = Meaning(RiskLevel.HIGH, "has changed while the catalog was read.")


class NotRead(Exception):
    """A body would have to be read from the database first."""


@dataclass(frozen=True)
class _Own:
    """What an object does by itself, and what it uses in turn."""

    risk: Meaning = _SAFE
    names: tuple[Use, ...] = ()
    operators: tuple[OperatorUse, ...] = ()
    unexplained: frozenset[int] = frozenset()
    references: tuple[_Key, ...] = ()


class Meanings:
    """The objects of one summary, judged when they are asked for.

    Unless it ``may_ask`` the database, it raises `NotRead` where it would have to.
    """

    def __init__(self, session: Session, summary: Summary, earlier: Meanings | None = None) -> None:
        self._session = session
        self._objects = {entry.key: entry for entry in summary.objects}
        self._by_name: dict[str, list[CatalogObject]] = {}
        for entry in summary.objects:
            self._by_name.setdefault(entry.name, []).append(entry)
        self._operators: dict[str, list[Operator]] = {}
        for operator in summary.operators:
            self._operators.setdefault(operator.symbol, []).append(operator)
        self._casts = summary.casts
        self._server_version = summary.server_version
        self._owned: dict[CatalogObject, _Own] = {}
        if earlier is not None:
            # What has the same version needs no second reading.
            same = earlier._owned.keys() & set(summary.objects)
            self._owned.update((entry, earlier._owned[entry]) for entry in same)
        self._judged: dict[_Key, Meaning] = {}
        self.may_ask = False

    @property
    def names(self) -> Iterable[str]:
        """Every name that has a meaning here, as it is stored."""
        return self._by_name.keys()

    @property
    def symbols(self) -> Iterable[str]:
        """Every operator that somebody defined, built-in symbols among them."""
        return self._operators.keys()

    def of_name(self, use: Use) -> Meaning | None:
        """Return what a name may stand for at its worst, or nothing if it means nothing here."""
        found = [self._of(entry) for entry in self._candidates(use)]
        return _worst(found) if found else None

    def of_function(self, oid: int) -> Meaning | None:
        """Return what a function of the user's own may do, or nothing if it isn't one."""
        entry = self._objects.get((ObjectKind.FUNCTION, oid))
        return None if entry is None else self._of(entry)

    def of_operator(self, symbol: str) -> Meaning | None:
        """Return what an operator may do at its worst, or nothing if nobody defined it."""
        found = [self._of_function(entry) for entry in self._operators.get(symbol, ())]
        return _worst(found) if found else None

    def of_code(self, code: str, language: str) -> Meaning:
        """Return what a block of code does, with all that it uses."""
        return self._reached([("The code inside", _read(code, language))], set())

    def risky_casts(self) -> list[tuple[Cast, Meaning]]:
        """Return the casts that aren't free of effects: an implicit one may hide anywhere."""
        judged = [(cast, self._of_function(cast)) for cast in self._casts]
        return [(cast, meaning) for cast, meaning in judged if meaning.level > RiskLevel.SAFE]

    def _candidates(self, use: Use) -> Iterator[CatalogObject]:
        for entry in self._by_name.get(use.name or "", ()):
            if entry.kind is ObjectKind.FUNCTION and not use.called:
                fits = use.attribute and entry.takes_row
            else:
                fits = _in_schema(use, entry)
            if fits and (entry.kind is ObjectKind.DOMAIN or not use.labelled):
                yield entry

    def _of_function(self, by: Operator | Cast) -> Meaning:
        if by.builtin is not None:
            return _called(by.builtin)
        entry = self._objects.get((ObjectKind.FUNCTION, by.function))
        return _CHANGED if entry is None else self._of(entry)

    def _of(self, entry: CatalogObject) -> Meaning:
        meaning = self._judged.get(entry.key)
        if meaning is None:
            meaning = self._reached(self._own([entry]), {entry.key})
            self._judged[entry.key] = meaning
        return meaning

    def _reached(self, step: list[tuple[str, _Own]], seen: set[_Key]) -> Meaning:
        """Return the worst of the first step and of everything that it leads to."""
        worst, first = _SAFE, step[0][0]
        while step:
            reached: list[CatalogObject] = []
            for label, own in step:
                risk = _worst([own.risk, self._unexplained(own), *self._builtin_operators(own)])
                if risk.level > worst.level:
                    lead = label if label == first else f"{first} leads to {label}, which"
                    worst = Meaning(risk.level, f"{lead} {risk.reason}")
                reached += [entry for entry in self._next(own) if entry.key not in seen]
                seen.update(entry.key for entry in reached)
            step = self._own(list(dict.fromkeys(reached)))
        return worst

    def _next(self, own: _Own) -> Iterator[CatalogObject]:
        keys = list(own.references)
        for used in own.operators:
            keys += [
                (ObjectKind.FUNCTION, entry.function)
                for entry in self._operators.get(used.symbol, ())
            ]
        yield from (self._objects[key] for key in keys if key in self._objects)
        for use in own.names:
            yield from self._candidates(use)

    def _unexplained(self, own: _Own) -> Meaning:
        """Return the risk of what a body calls and nobody seems to have defined."""
        explained = {use.start for use in own.names if any(self._candidates(use))}
        explained.update(used.start for used in own.operators if used.symbol in self._operators)
        if own.unexplained <= explained:
            return _SAFE
        return Meaning(RiskLevel.HIGH, "calls a function that is not known.")

    def _builtin_operators(self, own: _Own) -> Iterator[Meaning]:
        for used in own.operators:
            for entry in self._operators.get(used.symbol, ()):
                if entry.builtin is not None:
                    yield _called(entry.builtin)

    def _own(self, entries: list[CatalogObject]) -> list[tuple[str, _Own]]:
        missing = [entry for entry in entries if entry not in self._owned]
        if missing:
            if not self.may_ask:
                raise NotRead
            found = bodies.fetch(self._session, missing, self._server_version)
            for entry in missing:
                body = found.get(entry.key)
                self._owned[entry] = _Own(_CHANGED) if body is None else _judge(entry, body)
        return [(entry.label, self._owned[entry]) for entry in entries]


def _in_schema(use: Use, entry: CatalogObject) -> bool:
    # The session's own temporary schema has a number behind that name.
    temporary = use.schema == "pg_temp" and entry.schema.startswith("pg_temp_")
    return temporary or use.schema in (None, entry.schema)


def _worst(meanings: Iterable[Meaning]) -> Meaning:
    return max(meanings, key=lambda meaning: meaning.level.rank)


def _judge(entry: CatalogObject, body: Body) -> _Own:
    own = _Own()
    if entry.language in READABLE and body.code is not None:
        own = _read(body.code, entry.language)
        if not entry.volatile and own.risk.level > RiskLevel.HIGH:
            # The server lets such a function run nothing but queries, and what those call.
            own = replace(own, risk=Meaning(RiskLevel.HIGH, own.risk.reason))
    elif entry.kind is ObjectKind.FUNCTION and not _has_parts(entry, body):
        own = _Own(_compiled(entry))
    risk = _worst([own.risk, *map(_called, body.builtins)])
    return replace(own, risk=risk, references=body.references)


def _has_parts(entry: CatalogObject, body: Body) -> bool:
    """Whether a function is an aggregate, or another name of built-in ones: its parts tell."""
    return entry.language == "internal" and (bool(body.builtins) or body.code == _AGGREGATE)


def _read(code: str, language: str) -> _Own:
    findings = routine_findings(code, language)
    try:
        tokens = tokenize(code)
    except LexError:
        tokens = []
    risks = [
        _raised(finding.level, finding.reason)
        for finding in findings
        if finding.kind not in EXPLAINED
    ]
    return _Own(
        _worst([_SAFE, *risks]),
        tuple(used_names(tokens, 0, len(tokens))),
        tuple(used_operators(tokens, 0, len(tokens))),
        frozenset(finding.start for finding in findings if finding.kind in EXPLAINED),
    )


def _compiled(entry: CatalogObject) -> Meaning:
    if entry.language in ("c", "internal") and entry.extension is not None:
        known = (entry.extension, entry.name) in _HARMLESS_THOUGH_VOLATILE
        if known or not (entry.volatile or runs_text((entry.name,))):
            return _SAFE
        return Meaning(
            RiskLevel.HIGH,
            f"is a function of the extension {entry.extension} that may have effects.",
        )
    return Meaning(RiskLevel.HIGH, f"is code in {entry.language}, which can't be read here.")


def _called(name: str) -> Meaning:
    risk = call_risk((name,))
    return _SAFE if risk is None else _raised(risk.level, risk.reason)


def _raised(level: RiskLevel, reason: str) -> Meaning:
    """Return a meaning of at least HIGH: it does something that the text doesn't show."""
    told = reason.removeprefix("The code inside ")
    return Meaning(max(level, RiskLevel.HIGH), told if told != reason else f"does this: {reason}")
