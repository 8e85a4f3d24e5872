"""Makes the shared fixtures available to every package's tests."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A shell that runs the tests in the background has them ignore Ctrl-C, and whatever they start
# would inherit that: the tests of interrupts need it as a terminal gives it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes to draw says more about the machine, and about what else it does.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

pytest_plugins: list[str] = [
    "testing.postgres",
    "testing.s3",
    "testing.commands",
    "testing.guarded",
    "testing.contents",
    "testing.referee",
]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten the ids of tests whose parameter is a text of many pages."""
    return f"{val[:40]}...{len(val)}" if isinstance(val, str) and len(val) > 500 else None
