"""Backstop for SQLAlchemy: every statement of an engine is guarded."""

from __future__ import annotations
