"""One statement as an adapter hands it over: the text to classify and the text to run."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any, Callable, NamedTuple

from backstop.keeping import kept_by_text
from backstop.syntax.lexer import has_hidden_placeholder

# Values of exactly these types become literals, whatever they hold. A subclass may have an
# adapter of its own, and an adapter can write any SQL.
_PLAIN = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        decimal.Decimal,
        str,
        bytes,
        bytearray,
        memoryview,
        datetime.date,
        datetime.time,
        datetime.datetime,
        datetime.timedelta,
        uuid.UUID,
    }
)
_SEQUENCES = frozenset({tuple, list})


class Statement(NamedTuple):
    """One text that an application sends.

    ``text`` is what is classified; ``render`` gives the text as the server gets it, and is
    called only when that is needed. ``sets`` is how many sets of parameters it is run with, one
    after the other. ``once`` says that data flows from the application after its run has returned,
    so that it can neither be repeated nor be looked at. (A named tuple, as one is made for every
    statement: a frozen dataclass takes three times as long.)
    """

    text: str
    render: Callable[[], str]
    sets: int = 1
    once: bool = False


def with_parameters(
    template: str, parameters: Collection[object], render: Callable[[], str], *, sets: int = 1
) -> Statement:
    """Return the statement of a template and the values that the client merges into it.

    The template is classified, and its result reused for every set of values, when no value can
    change what the text means: plain values, in no quotes of the template's own.
    """
    if is_classified_by(template, parameters):
        return Statement(template, render, sets)
    merged = render()
    return Statement(merged, lambda: merged, sets)


def is_classified_by(template: str, parameters: object) -> bool:
    """Whether a template's risk is that of every text which the client merges these values into."""
    return are_plain(parameters) and takes_values(template)


def takes_values(template: str) -> bool:
    """Whether no placeholder of a template is in quotes of its own, where values end these."""
    return "%" not in template or not _hides_placeholder(template)


def are_plain(parameters: object) -> bool:
    """Whether each of a set of parameters becomes a literal, whatever it holds."""
    # Mostly it is a tuple with nothing else in it, which takes neither a call nor a loop to see.
    found = parameters if type(parameters) is tuple else values(parameters)
    return _PLAIN.issuperset(map(type, found)) or all(map(_is_plain, found))


def values(parameters: object) -> Collection[object]:
    """Return the values of one set of parameters, positional or named.

    A mapping that may make values up as it is asked for them counts as a value itself.
    """
    kind = type(parameters)
    if kind in _SEQUENCES:
        return parameters  # type: ignore[return-value]
    if isinstance(parameters, dict) and (kind is dict or _holds_its_values(kind)):
        return parameters.values()
    if isinstance(parameters, Mapping):
        return (parameters,)
    return list(parameters) if isinstance(parameters, Iterable) else (parameters,)


def _holds_its_values(kind: Any) -> bool:
    return kind.__getitem__ is dict.__getitem__ and not hasattr(kind, "__missing__")


def values_of_all(sets: Collection[object]) -> list[object]:
    """Return the values of several sets of parameters."""
    if _SEQUENCES.issuperset(map(type, sets)):
        return list(chain.from_iterable(sets))  # type: ignore[arg-type]
    return list(chain.from_iterable(map(values, sets)))


def _is_plain(value: object) -> bool:
    if type(value) in _PLAIN:
        return True
    return type(value) in _SEQUENCES and all(map(_is_plain, value))  # type: ignore[call-overload]


_hides_placeholder = kept_by_text(has_hidden_placeholder)
