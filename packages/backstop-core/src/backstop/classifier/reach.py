"""How many rows a condition may let through, as an upper bound that is known from the text alone.

A bound may be too wide, never too narrow: what isn't understood lets every row through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Share(IntEnum):
    """The rows that a test lets through.

    They have a few values, lie on one side of a bound, are named by other rows, or are all but a
    few.

    The numbers are weights. Alternatives of more than `_MOST_WEIGHT` together let nearly all
    rows through.
    """

    FEW = 0
    SIDE = 1
    SOME = 2
    MOST = 3


_MOST_WEIGHT = 4
TRUE_SIDE, FALSE_SIDE, LOWER_BOUND, UPPER_BOUND = "true", "false", ">", "<"


@dataclass(frozen=True)
class Alternative:
    """The rows that pass one test: how many, by which columns.

    ``side`` says which side of a bound (or of a boolean) they are on, ``bound`` is its number if
    it is one; ``null`` says that the test is for NULL.
    """

    share: Share
    columns: frozenset[str] = frozenset()
    side: str = ""
    bound: float | None = None
    null: bool = False


Reach = tuple[Alternative, ...]
"""The alternatives of a condition: a row that passes none of them is not reached."""

NO_ROWS: Reach = (Alternative(Share.FEW),)


def weight(reach: Reach) -> int:
    """Return how wide a reach is, to compare it with others."""
    return sum(alternative.share for alternative in reach)


def narrowest(reaches: Sequence[Reach | None]) -> Reach | None:
    """Return the reach of conditions that all have to hold; None stands for all rows."""
    known = [reach for reach in reaches if reach is not None]
    return min(known, key=weight) if known else None


def union(reaches: Sequence[Reach | None]) -> Reach | None:
    """Return the reach of conditions of which one has to hold, or None if they let all through."""
    found: list[Alternative] = []
    for reach in reaches:
        if reach is None:
            return None
        found.extend(reach)
    wide = [one for one in found if one.share in (Share.SIDE, Share.MOST)]
    sides = [one for one in wide if one.share is Share.SIDE]
    single = [one for one in found if one.share in (Share.FEW, Share.SOME)]
    if weight(tuple(found)) > _MOST_WEIGHT or _leaves_too_little(found):
        return None
    values = {column for one in single if not one.null for column in one.columns}
    nulls = {column for one in single if one.null for column in one.columns}
    truths = {(column, one.side) for one in single for column in one.columns}
    if any((column, TRUE_SIDE) in truths for column, side in truths if side == FALSE_SIDE):
        return None
    if any(_completed(one, values, nulls) for one in wide):
        return None
    for position, one in enumerate(sides):
        for other in sides[:position]:
            if one.columns & other.columns and _cover(one, other, bool(one.columns & values)):
                return None
    return tuple(found)


def _leaves_too_little(found: list[Alternative]) -> bool:
    """Whether what all but a few values leave out is likely to be in another part.

    NULL is not so rare as any other value.
    """
    most = any(one.share is Share.MOST and not one.null for one in found)
    return most and any(one.share in (Share.SIDE, Share.SOME) for one in found)


def _completed(wide: Alternative, values: set[str], nulls: set[str]) -> bool:
    """Whether single values of the same column may be just those that a wide test leaves out."""
    if wide.null:
        return bool(wide.columns & nulls)
    numeric = wide.side in (LOWER_BOUND, UPPER_BOUND)
    return not numeric and bool(wide.columns & values)


def _cover(one: Alternative, other: Alternative, with_values: bool) -> bool:
    """Whether two sides of the same column may let every value through together."""
    if one.side == other.side:
        return False
    lower, upper = (one, other) if one.side == LOWER_BOUND else (other, one)
    if lower.bound is None or upper.bound is None or with_values:
        return True
    return lower.bound <= upper.bound
