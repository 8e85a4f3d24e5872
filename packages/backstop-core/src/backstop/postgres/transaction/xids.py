"""Ids of transactions, which come round again after four thousand million."""

from __future__ import annotations

from collections.abc import Iterable

_ROUND = 1 << 32


def low_half(xid: int) -> int:
    """Return the id of 32 bits, as rows and locks have it, of one that never comes round again."""
    return xid % _ROUND


def is_older(xid: str, than: str) -> bool:
    """Whether one id was given before another (PostgreSQL's TransactionIdPrecedes)."""
    return 0 < (int(than) - int(xid)) % _ROUND < _ROUND // 2


def newest_first(xids: Iterable[str], now: str) -> list[str]:
    """Sort ids by their age, seen from the id ``now``."""
    half = _ROUND // 2
    return sorted(set(xids), key=lambda xid: (int(now) - int(xid) + half) % _ROUND)
