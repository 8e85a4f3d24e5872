"""The level of what can't be read: never SAFE, and CRITICAL if a word in it could destroy."""

from __future__ import annotations

import re

from backstop.classifier._source import Risk
from backstop.levels import RiskLevel

UNREADABLE = "unreadable"

_DESTROYERS = re.compile(
    r"(?i:delete|drop|truncate|update|alter|merge|insert|replace|copy|overwrite|grant"
    r"|revoke|cascade|program|rename|purge|vacuum|exec|call|rmtree|unlink)",
    re.ASCII,
)


def could_destroy(text: str) -> bool:
    """Whether a text contains a word that could destroy something, inside of other words too."""
    return _DESTROYERS.search(text) is not None


def unreadable_risk(text: str) -> Risk:
    """Return the risk of a text, or a part of one, that isn't understood."""
    if could_destroy(text):
        return Risk(
            UNREADABLE,
            RiskLevel.CRITICAL,
            "The text can't be read, and a word in it could destroy. "
            "Send one plain statement at a time.",
        )
    return Risk(
        UNREADABLE,
        RiskLevel.HIGH,
        "The text can't be read: what it does is not known. Send one plain statement at a time.",
    )
