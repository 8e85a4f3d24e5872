"""What only the database knows of a statement: how far it reaches, and what its names stand for."""

from __future__ import annotations

from backstop.assessment._assessment import Assessment, Judge, Measure

__all__ = ["Assessment", "Judge", "Measure"]
