"""How Django reaches the databases of the benchmarks."""

from __future__ import annotations

from typing import Any


def database(host: str, port: str | int, **more: Any) -> dict[str, Any]:
    """Return an entry of ``DATABASES``: that of a superuser, on an embedded server."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": host,
        "PORT": str(port),
        # What is set by a time zone of its own isn't measured.
        "TIME_ZONE": None,
        **more,
    }
