"""Ages and periods as people write them: ``12h``, ``30d``, ``2w``, ``1w2d``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PERIOD = re.compile(r"(\d+[smhdw])+", re.ASCII)


class TooLong(ValueError):
    """A period that is longer than the calendar."""


def read_period(text: str) -> timedelta:
    """Return what a text means; raises a ValueError, TooLong where the calendar ends before it."""
    written = text.strip().lower()
    if not _PERIOD.fullmatch(written):
        raise ValueError(text)
    period = timedelta()
    try:
        for number, unit in re.findall(r"(\d+)([smhdw])", written):
            period += timedelta(**{_UNITS[unit]: int(number)})
        # What is older than the calendar can't be compared with anything.
        datetime.now(timezone.utc) - period
    except OverflowError:
        raise TooLong(text) from None
    return period
