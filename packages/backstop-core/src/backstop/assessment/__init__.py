"""What only the database knows of a statement: how far it reaches, and what its names stand for."""

from __future__ import annotations

from backstop.assessment._assessment import Assessment, CountJudge, Judge, Measure
from backstop.assessment.reach import Open

__all__ = ["Assessment", "CountJudge", "Judge", "Measure", "Open"]
