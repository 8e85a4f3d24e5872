"""Ids of transactions, which come round again after four thousand million."""

from __future__ import annotations

from collections.abc import Iterable

_ROUND = 1 << 32


def is_older(xid: str, than: str) -> bool:
    """Whether one id was given before another (PostgreSQL's TransactionIdPrecedes)."""
    return 0 < (int(than) - int(xid)) % _ROUND < _ROUND // 2


def newest_first(xids: Iterable[str], now: str) -> list[str]:
    """Sort ids by their age, seen from the id ``now``."""
    half = _ROUND // 2
    return sorted(set(xids), key=lambda xid: (int(now) - int(xid) + half) % _ROUND)
