"""What stands behind the names of one connection's statements, remembered as long as it holds.

The text alone can't tell a view over a writing function from a table, nor an extension's harmless
function from one that deletes. The catalog can: it is read once a minute, and after whatever may
have changed it; a text in which nothing of the user's own is named asks nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from backstop.assessment.lookup import definitions, look_up
from backstop.assessment.meanings import Meanings, NotRead
from backstop.assessment.reading import EXPLAINED, Meaning
from backstop.levels import RiskLevel
from backstop.postgres.code import summary
from backstop.postgres.code.summary import Cast
from backstop.result import RiskResult
from backstop.session import Session
from backstop.syntax.uses import IMPLIED_OPERATORS, LONGEST_NAME

# Others may change the schema: what is known of it is asked for again after this many seconds.
_KNOWN_FOR = 60.0
_KNOWN_TEXTS = 2048
# Longer texts hardly ever come twice, and would fill the memory.
_LONGEST_KEPT = 20_000

# Findings that a look may take back or make exact, whatever the text names.
_LOOKED_UP = EXPLAINED | {"do-block"}

# Everything but what a name can hold without quotes becomes a space.
_SEPARATED = bytes(
    code if code > 127 or chr(code).isalnum() or chr(code) in "_$" else 32 for code in range(256)
)


@dataclass(frozen=True)
class _Knowledge:
    """What one reading of the catalog gave, until when it holds."""

    meanings: Meanings
    casts: list[tuple[Cast, Meaning]]
    vocabulary: _Vocabulary
    expires: float


class Names:
    """Looks up the statements of one connection.

    ``triggers_from`` is the lowest level at which what triggers and rules do counts.
    """

    def __init__(self, session: Session, triggers_from: RiskLevel = RiskLevel.CRITICAL) -> None:
        self._session = session
        self._triggers_from = triggers_from
        self._knowledge: _Knowledge | None = None
        self._meanings: Meanings | None = None
        self._results: OrderedDict[str, RiskResult] = OrderedDict()

    @property
    def expires(self) -> float:
        """Until when, by the monotonic clock, what is known holds unless it is forgotten."""
        return 0.0 if self._knowledge is None else self._knowledge.expires

    def forget(self) -> None:
        """Read the catalog again at the next statement."""
        self._knowledge = None
        self._results.clear()

    def known(self, text: str, result: RiskResult) -> RiskResult | None:
        """Return the result with what the catalog says, or nothing if that needs a question."""
        knowledge = self._knowledge
        if knowledge is None or knowledge.expires < time.monotonic():
            return None
        found = self._results.get(text)
        if found is not None:
            return found
        explained = any(finding.kind in _LOOKED_UP for finding in result.findings)
        watched = knowledge.meanings.watches_definitions and definitions(result)
        occurs = watched or knowledge.vocabulary.occurs_in(text)
        if not (explained or knowledge.casts or occurs):
            self._keep(text, result)
            return result
        try:
            return self._apply(knowledge, text, result)
        except NotRead:
            return None

    def ask(self, text: str, result: RiskResult) -> RiskResult:
        """Return the result with what the catalog says, after asking for what isn't known."""
        knowledge = self._knowledge
        if knowledge is None or knowledge.expires < time.monotonic():
            knowledge = self._read_catalog()
        knowledge.meanings.may_ask = True
        try:
            known = self.known(text, result)
            return self._apply(knowledge, text, result) if known is None else known
        finally:
            knowledge.meanings.may_ask = False

    def are_harmless(self, functions: Iterable[int]) -> bool:
        """Whether functions, by OID, are known to have no effects of their own.

        Asks the database for bodies that weren't read before.
        """
        wanted = list(functions)
        if not wanted:
            return True
        knowledge = self._knowledge
        if knowledge is None or knowledge.expires < time.monotonic():
            knowledge = self._read_catalog()
        knowledge.meanings.may_ask = True
        try:
            meanings = [knowledge.meanings.of_function(oid) for oid in wanted]
        finally:
            knowledge.meanings.may_ask = False
        return all(meaning is not None and meaning.level is RiskLevel.SAFE for meaning in meanings)

    def _apply(self, knowledge: _Knowledge, text: str, result: RiskResult) -> RiskResult:
        found = look_up(knowledge.meanings, knowledge.casts, text, result, self._triggers_from)
        self._keep(text, found)
        return found

    def _keep(self, text: str, result: RiskResult) -> None:
        if len(text) > _LONGEST_KEPT:
            return
        self._results[text] = result
        if len(self._results) > _KNOWN_TEXTS:
            self._results.popitem(last=False)

    def _read_catalog(self) -> _Knowledge:
        self.forget()
        # What is unchanged since the last reading stays judged.
        meanings = Meanings(self._session, summary.load(self._session), self._meanings)
        meanings.may_ask = True
        risky = [
            symbol
            for symbol in meanings.symbols
            if (meaning := meanings.of_operator(symbol)) and meaning.level > RiskLevel.SAFE
        ]
        self._meanings = meanings
        self._knowledge = _Knowledge(
            meanings,
            meanings.risky_casts(),
            _Vocabulary(meanings.names, risky),
            time.monotonic() + _KNOWN_FOR,
        )
        return self._knowledge


class _Vocabulary:
    """The names and operators that make a text worth a look; it may answer yes too often."""

    def __init__(self, names: Iterable[str], operators: Iterable[str]) -> None:
        lowered = {name.lower() for name in names}
        self._others = {name for name in lowered if len(_words(name)) != 1}
        self._words = set(_words(" ".join(lowered - self._others)))
        self._operators = set(operators)
        self._implied = bool(self._operators & IMPLIED_OPERATORS)

    def occurs_in(self, text: str) -> bool:
        """Whether a text may name one of them."""
        lowered = text.lower()
        words = set(_words(lowered))
        return (
            self._implied
            or not self._words.isdisjoint(words)
            or any(name in lowered for name in self._others)
            or any(symbol in text for symbol in self._operators)
            # Names that the server cuts off, and names in escapes.
            or max(map(len, words), default=0) > LONGEST_NAME
            or 'u&"' in lowered
        )


def _words(text: str) -> list[bytes]:
    # As bytes, in which this takes a tenth of the time.
    return text.encode("utf-8", "replace").translate(_SEPARATED).split()
