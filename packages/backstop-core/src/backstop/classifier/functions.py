"""What calling a function may do, by its name alone.

Only a built-in function that is listed as free of effects may pass; whatever isn't listed is
unknown, and unknown is never SAFE. A user's overload of a built-in name can't be told from the
text: the assess stage asks the catalog.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache

from backstop.classifier._source import Risk
from backstop.levels import RiskLevel

_RUNS_TEXT = frozenset(
    {"query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "ts_stat", "ts_rewrite"}
    | {"dblink", "dblink_exec", "dblink_open", "dblink_send_query", "crosstab"}
    | {"schedule", "schedule_in_database", "connectby", "xpath_table"}
)


@lru_cache
def listed(file: str) -> frozenset[str]:
    """Return the names in one of the data files, in whatever versions they are built in."""
    return frozenset(line.partition("\t")[0] for line in _lines(file))


def call_risk(name: tuple[str, ...]) -> Risk | None:
    """Return the risk of calling the function of this (folded) name, if there is any."""
    if len(name) == 1 or name[:-1] == ("pg_catalog",):
        if name[-1] in listed("functions.txt"):
            return None
        effect = effects().get(name[-1])
        if effect is not None:
            return effect
    shown = ".".join(name)
    return Risk(
        "unknown-function",
        RiskLevel.HIGH,
        f"{shown}() is not known to be a built-in function free of effects: it may do anything.",
    )


def runs_text(name: tuple[str, ...]) -> bool:
    """Whether the function runs SQL that it is given as text."""
    return name[-1] in _RUNS_TEXT


def is_set_config(name: tuple[str, ...]) -> bool:
    """Whether this is the built-in function whose first argument says what it does."""
    return name in (("set_config",), ("pg_catalog", "set_config"))


@lru_cache
def effects() -> dict[str, Risk]:
    """Return the risk of each function of which it is known what it does."""
    risks: dict[str, Risk] = {}
    for line in _lines("effects.txt") + _lines("extensions.txt"):
        level, function, what = line.split("\t")
        risks[function] = Risk("function-with-effects", RiskLevel(level), f"{function}() {what}.")
    return risks


def _lines(file: str) -> list[str]:
    """Return the lines of a data file that hold something."""
    data = pkgutil.get_data(__package__, f"data/{file}") or b""
    lines = data.decode("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("-- ")]
