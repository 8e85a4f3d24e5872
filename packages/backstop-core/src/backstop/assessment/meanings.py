"""What using one of the user's own objects may do: a function, a view, a policy, a check, a rule.

An object is as risky as the worst that can be reached from it, through the triggers and rules of
what it writes to as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backstop.assessment.reading import (
    CHANGED,
    SAFE,
    UNEXPLAINED,
    Key,
    Meaning,
    Own,
    called,
    judge_body,
    rank,
    read_code,
    worst,
)
from backstop.levels import RiskLevel
from backstop.postgres.code import bodies
from backstop.postgres.code.summary import (
    WRITES,
    Cast,
    CatalogObject,
    EventTrigger,
    ObjectKind,
    Operator,
    Summary,
)
from backstop.session import Session
from backstop.syntax.uses import Use, WriteUse

# No statement names them: they are led to.
_UNNAMED = frozenset({ObjectKind.RULE, ObjectKind.EXPRESSIONS})


class NotRead(Exception):
    """A body would have to be read from the database first."""


class Meanings:
    """The objects of one summary, judged when they are asked for.

    Unless it ``may_ask`` the database, it raises `NotRead` where it would have to.
    """

    def __init__(self, session: Session, summary: Summary, earlier: Meanings | None = None) -> None:
        self._session = session
        self._objects = {entry.key: entry for entry in summary.objects}
        self._by_name: dict[str, list[CatalogObject]] = {}
        self._writes: dict[str, list[CatalogObject]] = {}
        for entry in summary.objects:
            if entry.kind not in _UNNAMED:
                names = self._writes if entry.kind in WRITES else self._by_name
                names.setdefault(entry.name, []).append(entry)
        self._operators: dict[str, list[Operator]] = {}
        for operator in summary.operators:
            self._operators.setdefault(operator.symbol, []).append(operator)
        self._casts = summary.casts
        self._event_triggers = summary.event_triggers
        self._server_version = summary.server_version
        self._owned: dict[CatalogObject, Own] = {}
        if earlier is not None:
            # What has the same version needs no second reading.
            same = earlier._owned.keys() & set(summary.objects)
            self._owned.update((entry, earlier._owned[entry]) for entry in same)
        self._judged: dict[Key, Meaning] = {}
        self.may_ask = False

    @property
    def names(self) -> Iterable[str]:
        """Every name that has a meaning here, as it is stored."""
        return self._by_name.keys() | self._writes.keys()

    @property
    def watches_definitions(self) -> bool:
        """Whether there are event triggers."""
        return bool(self._event_triggers)

    @property
    def symbols(self) -> Iterable[str]:
        """Every operator that somebody defined, built-in symbols among them."""
        return self._operators.keys()

    def of_name(self, use: Use) -> Meaning | None:
        """Return what a name may stand for at its worst, or nothing if it means nothing here."""
        found = [self._of(entry) for entry in self._candidates(use)]
        return worst(found) if found else None

    def of_write(self, use: WriteUse) -> Meaning | None:
        """Return what triggers and rules do when rows are written, or nothing without any."""
        found = [self._of(entry) for entry in self._written(use)]
        return worst(found) if found else None

    def of_definition(self, operation: str) -> Meaning | None:
        """Return what the event triggers of a command may do, or nothing without any."""
        step = [
            (entry.label, own)
            for trigger in self._event_triggers
            if _sees(trigger, operation)
            and (entry := self._objects.get((ObjectKind.FUNCTION, trigger.function)))
            for _, own in self._own([entry])
        ]
        found = [self._reached([one], set()) for one in step]
        return worst(found) if found else None

    def of_function(self, oid: int) -> Meaning | None:
        """Return what a function of the user's own may do, or nothing if it isn't one."""
        entry = self._objects.get((ObjectKind.FUNCTION, oid))
        return None if entry is None else self._of(entry)

    def of_operator(self, symbol: str) -> Meaning | None:
        """Return what an operator may do at its worst, or nothing if nobody defined it."""
        found = [self._of_function(entry) for entry in self._operators.get(symbol, ())]
        return worst(found) if found else None

    def of_code(self, code: str, language: str) -> Meaning:
        """Return what a block of code does, with all that it uses."""
        return self._reached([("The code inside", read_code(code, language))], set())

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

    def _written(self, use: WriteUse) -> Iterator[CatalogObject]:
        for entry in self._writes.get(use.target.name or "", ()):
            if entry.kind.value in use.events and _in_schema(use.target, entry):
                yield entry

    def _of_function(self, by: Operator | Cast) -> Meaning:
        if by.builtin is not None:
            return called(by.builtin)
        entry = self._objects.get((ObjectKind.FUNCTION, by.function))
        return CHANGED if entry is None else self._of(entry)

    def _of(self, entry: CatalogObject) -> Meaning:
        meaning = self._judged.get(entry.key)
        if meaning is None:
            meaning = self._reached(self._own([entry]), {entry.key})
            self._judged[entry.key] = meaning
        return meaning

    def _reached(self, step: list[tuple[str, Own]], seen: set[Key]) -> Meaning:
        """Return the worst of the first step and of everything that it leads to."""
        found, first = SAFE, step[0][0]
        risks: list[Meaning] = []
        while step:
            reached: list[CatalogObject] = []
            for label, own in step:
                risk = worst([own.risk, self._unexplained(own), *self._builtin_operators(own)])
                risks.append(risk)
                if rank(risk) > rank(found):
                    lead = label if label == first else f"{first} leads to {label}, which"
                    found = risk._replace(reason=f"{lead} {risk.reason}")
                reached += [entry for entry in self._next(own) if entry.key not in seen]
                seen.update(entry.key for entry in reached)
            step = self._own(list(dict.fromkeys(reached)))
        return worst(risks)._replace(reason=found.reason)

    def _next(self, own: Own) -> Iterator[CatalogObject]:
        keys = list(own.references)
        for used in own.operators:
            keys += [
                (ObjectKind.FUNCTION, entry.function)
                for entry in self._operators.get(used.symbol, ())
            ]
        yield from (self._objects[key] for key in keys if key in self._objects)
        for use in own.names:
            yield from self._candidates(use)
        for write in own.writes:
            yield from self._written(write)
        if own.defines:
            keys = [(ObjectKind.FUNCTION, trigger.function) for trigger in self._event_triggers]
            yield from (self._objects[key] for key in keys if key in self._objects)

    def _unexplained(self, own: Own) -> Meaning:
        """Return the risk of what a body calls and nobody seems to have defined."""
        explained = {use.start for use in own.names if any(self._candidates(use))}
        explained.update(used.start for used in own.operators if used.symbol in self._operators)
        if own.unexplained <= explained:
            return SAFE
        return UNEXPLAINED

    def _builtin_operators(self, own: Own) -> Iterator[Meaning]:
        for used in own.operators:
            for entry in self._operators.get(used.symbol, ()):
                if entry.builtin is not None:
                    yield called(entry.builtin)

    def _own(self, entries: list[CatalogObject]) -> list[tuple[str, Own]]:
        missing = []
        for entry in entries:
            if entry.kind in WRITES:
                self._owned[entry] = Own(references=entry.leads_to)
            elif entry not in self._owned:
                missing.append(entry)
        if missing:
            if not self.may_ask:
                raise NotRead
            found = bodies.fetch(self._session, missing, self._server_version)
            for entry in missing:
                body = found.get(entry.key)
                self._owned[entry] = Own(CHANGED) if body is None else judge_body(entry, body)
        return [(entry.label, self._owned[entry]) for entry in entries]


def _in_schema(use: Use, entry: CatalogObject) -> bool:
    # The session's own temporary schema has a number behind that name.
    temporary = use.schema == "pg_temp" and entry.schema.startswith("pg_temp_")
    return temporary or use.schema in (None, entry.schema)


def _sees(trigger: EventTrigger, operation: str) -> bool:
    """Whether a command runs an event trigger; in doubt it does."""
    if trigger.event == "sql_drop" and not operation.startswith(("DROP", "ALTER")):
        return False
    if trigger.event == "table_rewrite" and not operation.startswith("ALTER"):
        return False
    words = set(operation.split())
    return trigger.tags is None or any(words.issuperset(tag.split()) for tag in trigger.tags)
