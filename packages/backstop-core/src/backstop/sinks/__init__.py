"""Where events go besides the log: a file, functions of the user's, OpenTelemetry.

A sink that fails or blocks must never harm a statement, nor keep another sink from its events.
"""

from __future__ import annotations

from backstop.sinks.background import Background, flush_events
from backstop.sinks.callables import listener
from backstop.sinks.file import audit_file

__all__ = ["Background", "audit_file", "flush_events", "listener"]
