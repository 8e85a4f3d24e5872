"""The settings of the app, read from ``settings.BACKSTOP`` when they are needed.

Names in capitals stand for the arguments of `backstop.guard`; ``BACKSTOP_STORAGE``, ``_ACTOR`` and
``_MODE`` in the environment stand in for what is missing. ``DATABASES`` overrides, by alias::

    BACKSTOP = {
        "STORAGE": "s3://prod-snapshots",
        "ACTOR": "web",
        "DATABASES": {"replica": {"MODE": "monitor"}},
    }
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from backstop.errors import ConfigurationError
from backstop.guarding import Guard
from backstop.settings import Options, build_settings

ARGUMENTS = {name.upper(): name for name in ("storage", "actor", "mode", *Options.__annotations__)}
DATABASES = "DATABASES"


@cache
def guard_for(alias: str) -> Guard:
    """Return the guard of one alias, made once; raises ConfigurationError."""
    return Guard(build_settings(**_chosen(alias)))


def configured() -> Mapping[str, Any]:
    """Return ``settings.BACKSTOP`` without the overrides; raises ConfigurationError."""
    found = getattr(settings, "BACKSTOP", {})
    _require_mapping(found, "")
    return {name: value for name, value in found.items() if name != DATABASES}


def overrides() -> Mapping[str, Any]:
    """Return what is set for single aliases; raises ConfigurationError."""
    found = getattr(settings, "BACKSTOP", {})
    _require_mapping(found, "")
    by_alias = found.get(DATABASES, {})
    _require_mapping(by_alias, f"['{DATABASES}']")
    return by_alias  # type: ignore[no-any-return]


def arguments(values: Any, place: str = "") -> dict[str, Any]:
    """Return settings as arguments of `build_settings`; raises ConfigurationError."""
    _require_mapping(values, place)
    unknown = [name for name in values if name not in ARGUMENTS]
    if unknown:
        raise ConfigurationError(
            f"BACKSTOP{place} holds {', '.join(map(repr, unknown))}, which is not a setting: "
            f"it takes {', '.join(ARGUMENTS)}."
        )
    return {ARGUMENTS[name]: value for name, value in values.items()}


def _chosen(alias: str) -> dict[str, Any]:
    chosen = arguments(configured())
    chosen.update(arguments(overrides().get(alias, {}), f"['{DATABASES}'][{alias!r}]"))
    return chosen


def _require_mapping(value: Any, place: str) -> None:
    if not isinstance(value, Mapping):
        raise ConfigurationError(
            f"BACKSTOP{place} is a {type(value).__qualname__}: give a dict such as "
            '{"STORAGE": "s3://bucket", "ACTOR": "web"}.'
        )


def _forget(*, setting: str, **_: Any) -> None:
    if setting in ("BACKSTOP", DATABASES):
        guard_for.cache_clear()


# Sent by tests that override settings.
setting_changed.connect(_forget, dispatch_uid="backstop.django.conf", weak=False)
