"""Reads a text of SQL and says how much it can destroy, before any server sees it."""

from __future__ import annotations

from backstop.classifier._classify import classify

__all__ = ["classify"]
