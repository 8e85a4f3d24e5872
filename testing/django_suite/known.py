"""The tests of Django's that can't pass with the app installed, by mode, each with the reason."""

from __future__ import annotations

KNOWN: dict[str, dict[str, str]] = {"monitor": {}, "protect": {}}
