"""The settings of one guard: validated once, frozen, read from arguments and the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypedDict, TypeVar, Union

from backstop.encryption import Recipients, recipients_from
from backstop.errors import ConfigurationError
from backstop.levels import AT_RISK, Mode, RiskLevel
from backstop.sinks.callables import Listener
from backstop.storage import Storage, open_storage
from backstop.storage.url import FolderLocation, parse

if TYPE_CHECKING:
    from typing_extensions import Unpack

Number = TypeVar("Number", int, float)
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
class Thresholds:
    """From which reach on a statement with a WHERE counts as IMPACT_CRITICAL.

    More than ``max_rows`` rows, or more than ``max_fraction`` (0 to 1) of a table of more than
    100 rows, or any row of a table that matches one of the ``protected_tables`` (patterns as in
    a shell, for the name with or without its schema), or an UPDATE that assigns a column that
    matches one of the ``protected_columns`` (patterns for ``column``, ``table.column`` or
    ``schema.table.column``), or a DELETE of any row of a table that has such a column.
    """

    max_rows: int = 1000
    max_fraction: float = 0.5
    protected_tables: tuple[str, ...] = ()
    protected_columns: tuple[str, ...] = ()


class Options(TypedDict, total=False):
    """The settings that every way to guard takes besides storage, actor and mode.

    ``snapshot_at`` is the lowest level that mode "protect" snapshots, IMPACT_CRITICAL unless
    given. ``on_snapshot_failure`` is "log" (the statement runs) or "raise" (it doesn't).
    ``opaque`` is what mode "block" does with a statement that runs code which nobody could read:
    "allow" or "block". With ``rehearse``, mode "block" runs a statement whose text doesn't tell
    what it does where it can be taken back, and refuses it if it destroyed too much. Neither has
    an effect in the other modes. ``audit`` is the ``file:///`` URL of a file that gets each event
    as a line of JSON; ``on_event`` is a function that is called with each, or several.
    ``encrypt_to`` are the public keys of age that snapshots are encrypted to; ``redact`` are names
    or patterns, as of ``protected_columns``, of columns whose values are never saved. The others
    are explained at :class:`Limits` and :class:`Thresholds`.
    """

    snapshot_at: str | RiskLevel
    on_snapshot_failure: str
    opaque: str
    rehearse: bool
    lock_timeout: float
    snapshot_timeout: float | None
    max_snapshot_bytes: int | None
    max_rows: int
    max_fraction: float
    protected_tables: Sequence[str]
    protected_columns: Sequence[str]
    audit: str | None
    on_event: Listener | Sequence[Listener]
    encrypt_to: Sequence[str]
    redact: Sequence[str]


@dataclass(frozen=True)
class Settings:
    """What a guard was told to do.

    ``snapshot_at`` is the lowest level that mode "protect" snapshots;
    ``raise_on_snapshot_failure`` makes a failed snapshot stop its statement. ``refuse_opaque``
    and ``rehearse`` are about statements whose text doesn't tell, in mode "block"; "protect" looks
    at what statements do in any case, and "monitor" never does.
    """

    storage: Storage
    actor: str
    mode: Mode = Mode.PROTECT
    snapshot_at: RiskLevel = RiskLevel.IMPACT_CRITICAL
    raise_on_snapshot_failure: bool = False
    refuse_opaque: bool = False
    rehearse: bool = False
    limits: Limits = Limits()
    thresholds: Thresholds = Thresholds()
    audit: str | None = None
    on_event: tuple[Listener, ...] = ()
    recipients: Recipients | None = None
    redact: tuple[str, ...] = ()


def build_settings(
    storage: StorageArgument | None = None,
    actor: str | None = None,
    mode: str | Mode | None = None,
    **options: Unpack[Options],
) -> Settings:
    """Return the settings; the environment stands in for some that aren't given.

    These are ``BACKSTOP_STORAGE``, ``_ACTOR``, ``_MODE``, ``_OPAQUE``, ``_REHEARSE``,
    ``_AUDIT``, ``_ENCRYPT_TO`` and ``_REDACT``.
    Nothing is contacted. Raises ConfigurationError, naming the parameter and what it takes.
    """
    unknown = sorted(set(options) - set(Options.__annotations__))
    if unknown:
        raise ConfigurationError(
            f"{unknown[0]} is not a setting: there are {', '.join(Options.__annotations__)}."
        )
    chosen_actor = actor if actor is not None else os.environ.get("BACKSTOP_ACTOR")
    if not isinstance(chosen_actor, str) or not chosen_actor.strip():
        raise ConfigurationError(
            "actor is missing: give a stable name of who sends the statements, "
            'such as actor="billing-agent", or set BACKSTOP_ACTOR.'
        )
    chosen_mode = mode if mode is not None else os.environ.get("BACKSTOP_MODE") or Mode.PROTECT
    return Settings(
        storage=storage_from(storage),
        actor=chosen_actor.strip(),
        mode=_member(Mode, "mode", chosen_mode),
        snapshot_at=_member(RiskLevel, "snapshot_at", options.get("snapshot_at", AT_RISK)),
        raise_on_snapshot_failure=_second(
            "on_snapshot_failure", options.get("on_snapshot_failure", "log"), ("log", "raise")
        ),
        refuse_opaque=_second(
            "opaque",
            options.get("opaque", os.environ.get("BACKSTOP_OPAQUE") or "allow"),
            ("allow", "block"),
        ),
        rehearse=_rehearse(options),
        limits=_limits(options),
        thresholds=_thresholds(options),
        audit=_audit(options.get("audit", os.environ.get("BACKSTOP_AUDIT") or None)),
        on_event=_listeners(options.get("on_event", ())),
        recipients=recipients_from(options.get("encrypt_to")),
        redact=_patterns(
            "redact", options.get("redact", redact_from()), ["users.ssn", "shop.users.email"]
        ),
    )


def _rehearse(options: Options) -> bool:
    chosen = options.get("rehearse")
    if chosen is None and "rehearse" not in options:
        word = (os.environ.get("BACKSTOP_REHEARSE") or "false").lower()
        if word not in ("true", "1", "false", "0"):
            raise ConfigurationError(
                f"BACKSTOP_REHEARSE is {word!r}, for rehearse: it takes 'true' or 'false'."
            )
        return word in ("true", "1")
    if not isinstance(chosen, bool):
        raise ConfigurationError(f"rehearse is {chosen!r}: it takes True or False.")
    return chosen


def _second(name: str, value: object, choices: tuple[str, str]) -> bool:
    """Whether a setting of two choices is the second."""
    if value not in choices:
        raise ConfigurationError(
            f"{name} is {value!r}: it takes {' or '.join(map(repr, choices))}."
        )
    return value == choices[1]


def _audit(url: object) -> str | None:
    """Return the path of the audit file."""
    if url is None:
        return None
    example = "audit takes the URL of a file, such as file:///var/log/backstop/audit.jsonl"
    if not isinstance(url, str):
        raise ConfigurationError(f"audit is of type {type(url).__name__}: {example}.")
    try:
        location = parse(url)
    except ConfigurationError:
        location = None
    if not isinstance(location, FolderLocation) or url.endswith("/"):
        raise ConfigurationError(f"audit is no URL of a file: {example}.")
    return location.path


def _listeners(value: object) -> tuple[Listener, ...]:
    found = (value,) if callable(value) else value
    if isinstance(found, Sequence) and all(callable(function) for function in found):
        return tuple(found)
    raise ConfigurationError(
        f"on_event is {value!r}: it takes a function of one argument, or a list of such."
    )


def _limits(options: Options) -> Limits:
    default = Limits()
    return Limits(
        lock_timeout=_seconds("lock_timeout", options.get("lock_timeout", default.lock_timeout)),
        snapshot_timeout=_optional(_seconds, "snapshot_timeout", options.get("snapshot_timeout")),
        max_snapshot_bytes=_optional(
            _count, "max_snapshot_bytes", options.get("max_snapshot_bytes")
        ),
    )


def _thresholds(options: Options) -> Thresholds:
    default = Thresholds()
    fraction = options.get("max_fraction", default.max_fraction)
    if (
        isinstance(fraction, bool)
        or not isinstance(fraction, (int, float))
        or not 0 < fraction <= 1
    ):
        raise ConfigurationError(
            f"max_fraction is {fraction!r}: it takes a number above 0 and at most 1."
        )
    return Thresholds(
        max_rows=_count("max_rows", options.get("max_rows", default.max_rows)),
        max_fraction=float(fraction),
        protected_tables=_patterns(
            "protected_tables",
            options.get("protected_tables", default.protected_tables),
            ["billing.*", "users"],
        ),
        protected_columns=_patterns(
            "protected_columns",
            options.get("protected_columns", default.protected_columns),
            ["users.email", "*_secret"],
        ),
    )


def redact_from() -> tuple[str, ...]:
    """Return the columns that ``BACKSTOP_REDACT`` names, with commas between them."""
    names = os.environ.get("BACKSTOP_REDACT", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


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


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ConfigurationError(f"{name} is {value!r}: it takes a number of seconds above 0.")
    return float(value)


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigurationError(f"{name} is {value!r}: it takes a whole number above 0.")
    return value


def _patterns(name: str, value: object, example: list[str]) -> tuple[str, ...]:
    # A string is a collection too, of letters.
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        patterns = tuple(value)
        if all(isinstance(pattern, str) and pattern for pattern in patterns):
            return patterns
    raise ConfigurationError(
        f"{name} is {value!r}: it takes a list of names or patterns, such as {example}."
    )


def _optional(
    check: Callable[[str, object], Number], name: str, value: object | None
) -> Number | None:
    return None if value is None else check(name, value)
