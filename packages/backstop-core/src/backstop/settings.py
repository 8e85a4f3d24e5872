"""The settings of one guard: validated once, frozen, read from arguments and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar, Union

from backstop.errors import ConfigurationError
from backstop.levels import Mode, RiskLevel
from backstop.storage import Storage, open_storage

EnumType = TypeVar("EnumType", bound=Enum)

StorageArgument = Union[str, Storage]


@dataclass(frozen=True)
class Limits:
    """How long and how large a snapshot may get before it counts as failed.

    ``lock_timeout`` and ``snapshot_timeout`` are in seconds, ``max_snapshot_bytes`` counts the
    uncompressed bytes of all rows; None means no limit.
    """

    lock_timeout: float = 5.0
    snapshot_timeout: float | None = None
    max_snapshot_bytes: int | None = None


@dataclass(frozen=True)
class Settings:
    """What a guard was told to do.

    ``snapshot_at`` is the lowest level that mode "protect" snapshots;
    ``raise_on_snapshot_failure`` makes a failed snapshot stop its statement.
    """

    storage: Storage
    actor: str
    mode: Mode = Mode.PROTECT
    snapshot_at: RiskLevel = RiskLevel.IMPACT_CRITICAL
    raise_on_snapshot_failure: bool = False
    limits: Limits = Limits()


def build_settings(
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    *,
    snapshot_at: str | RiskLevel = RiskLevel.IMPACT_CRITICAL,
    on_snapshot_failure: str = "log",
    lock_timeout: float = 5.0,
    snapshot_timeout: float | None = None,
    max_snapshot_bytes: int | None = None,
) -> Settings:
    """Return the settings, with ``BACKSTOP_STORAGE``, ``_ACTOR`` and ``_MODE`` as stand-ins.

    Nothing is contacted. Raises ConfigurationError, naming the parameter and what it takes.
    """
    chosen_actor = actor if actor is not None else os.environ.get("BACKSTOP_ACTOR")
    if not isinstance(chosen_actor, str) or not chosen_actor.strip():
        raise ConfigurationError(
            "actor is missing: give a stable name of who sends the statements, "
            'such as actor="billing-agent", or set BACKSTOP_ACTOR.'
        )
    chosen_mode = mode if mode is not None else os.environ.get("BACKSTOP_MODE") or Mode.PROTECT
    if on_snapshot_failure not in ("log", "raise"):
        raise ConfigurationError(
            f"on_snapshot_failure is {on_snapshot_failure!r}: it takes 'log' or 'raise'."
        )
    return Settings(
        storage=storage_from(storage),
        actor=chosen_actor.strip(),
        mode=_member(Mode, "mode", chosen_mode),
        snapshot_at=_member(RiskLevel, "snapshot_at", snapshot_at),
        raise_on_snapshot_failure=on_snapshot_failure == "raise",
        limits=Limits(
            lock_timeout=_positive("lock_timeout", lock_timeout),
            snapshot_timeout=_optional_positive("snapshot_timeout", snapshot_timeout),
            max_snapshot_bytes=max_snapshot_bytes,
        ),
    )


def storage_from(storage: StorageArgument | None) -> Storage:
    """Open the storage of an argument, or of ``BACKSTOP_STORAGE`` where that is None."""
    chosen = storage if storage is not None else os.environ.get("BACKSTOP_STORAGE")
    if not chosen:
        raise ConfigurationError(
            "storage is missing: give storage='s3://bucket/prefix' or "
            "storage='file:///absolute/folder', or set BACKSTOP_STORAGE."
        )
    return open_storage(chosen)


def _member(kind: type[EnumType], name: str, value: object) -> EnumType:
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(repr(member.value) for member in kind)
        raise ConfigurationError(f"{name} is {value!r}: it takes one of {choices}.") from None


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ConfigurationError(f"{name} is {value!r}: it takes a number of seconds above 0.")
    return float(value)


def _optional_positive(name: str, value: float | None) -> float | None:
    return None if value is None else _positive(name, value)
