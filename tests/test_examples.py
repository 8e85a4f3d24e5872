"""The examples run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys

from testing.documents import ROOT


def test_a_shop_and_its_agent(dsn: str, store: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "sqlalchemy_agent.py"), store],
        env={**os.environ, "DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = done.stdout.splitlines()
    assert "[(9,)]" in said
    assert sum(line.startswith("Refused: ") for line in said) == 3
    assert "approved> 9 rows" in said
    assert "restoring DELETE by closing: 3 rows" in said
    assert "restoring DELETE by agent: 9 rows" in said
    assert said[-1] == "3 customers, 9 orders"
