"""System checks: what is wrong with the settings, before a statement finds out.

=============  ================================================================
backstop.E001  BACKSTOP holds something that is not a setting
backstop.E002  a setting is missing or wrong
backstop.E003  mode "protect" on a database that can't be saved
backstop.E004  an override for an alias that isn't in DATABASES
=============  ================================================================
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from backstop.django import conf
from backstop.django.databases import driver_of, has_session
from backstop.errors import ConfigurationError, MissingDistribution


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check BACKSTOP for every alias; nothing is contacted."""
    try:
        conf.arguments(conf.configured())
        for alias, values in conf.overrides().items():
            conf.arguments(values, f"['{conf.DATABASES}'][{alias!r}]")
    except ConfigurationError as error:
        return [
            Error(
                str(error),
                hint="Names are written in capitals; see the settings in Backstop's reference.",
                id="backstop.E001",
            )
        ]
    found: list[CheckMessage] = [
        Error(
            f"BACKSTOP['{conf.DATABASES}'] names {alias!r}, which is not in DATABASES.",
            hint=f"DATABASES has {', '.join(connections)}.",
            id="backstop.E004",
        )
        for alias in conf.overrides()
        if alias not in connections.settings
    ]
    problems = [problem for alias in connections if (problem := _problem(alias)) is not None]
    # What is wrong for all aliases is said once.
    return [*found, *{problem.msg: problem for problem in problems}.values()]


def _problem(alias: str) -> Error | None:
    connection = connections[alias]
    if connection.settings_dict["ENGINE"] == "django.db.backends.dummy":
        return None
    try:
        guard = conf.guard_for(alias)
    except (ConfigurationError, MissingDistribution) as error:
        return Error(
            f"BACKSTOP: {error}",
            hint='For example: BACKSTOP = {"STORAGE": "s3://bucket", "ACTOR": "web"}.',
            id="backstop.E002",
        )
    if has_session(connection):
        return None
    try:
        guard.by_text(connection.vendor, driver_of(connection))
    except ConfigurationError as error:
        hint = f'Set BACKSTOP["{conf.DATABASES}"] = {{"{alias}": {{"MODE": "monitor"}}}}.'
        return Error(f"Database {alias!r}: {error}", hint=hint, id="backstop.E003")
    return None
