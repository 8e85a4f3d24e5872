"""Snapshot ids: they sort by time, tell their time, and are short to type.

An id is 14 lower-case characters of Crockford's base 32 (no i, l, o, u): 11 for the time in
microseconds since 1970, 3 at random. Any unambiguous beginning of it is accepted.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import datetime, timedelta, timezone

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_LENGTH = 11
_RANDOM_LENGTH = 3
LENGTH = _TIME_LENGTH + _RANDOM_LENGTH
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Return an id that sorts after every id this process has made before."""
    global _last
    with _lock:
        _last = max(time.time_ns() // 1000, _last + 1)
        microseconds = _last
    return _encode(microseconds, _TIME_LENGTH) + _encode(
        secrets.randbelow(len(_ALPHABET) ** _RANDOM_LENGTH), _RANDOM_LENGTH
    )


def created_at(snapshot_id: str) -> datetime:
    """Return the time in an id, in UTC."""
    microseconds = 0
    for character in snapshot_id[:_TIME_LENGTH]:
        microseconds = microseconds * len(_ALPHABET) + _ALPHABET.index(character)
    return _EPOCH + timedelta(microseconds=microseconds)


def common_beginning(since: datetime, until: datetime) -> str:
    """Return what all ids of a time begin with; nothing may be all that they share."""
    most = len(_ALPHABET) ** _TIME_LENGTH - 1
    times = (min(max(0, _microseconds(time)), most) for time in (since, until))
    first, last = (_encode(time, _TIME_LENGTH) for time in times)
    differing = (at for at, (one, other) in enumerate(zip(first, last)) if one != other)
    return first[: next(differing, _TIME_LENGTH)]


def is_beginning(text: str) -> bool:
    """Whether the text could be the beginning of an id."""
    return 0 < len(text) <= LENGTH and all(character in _ALPHABET for character in text)


def is_id(text: str) -> bool:
    """Whether the text is an id."""
    return len(text) == LENGTH and is_beginning(text)


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _encode(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
