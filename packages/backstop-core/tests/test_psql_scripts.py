"""Files for psql: its own commands, rows after COPY, variables; judged as psql itself runs them."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from pathlib import Path

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop import RiskLevel, classify
from backstop.classifier.unreadable import unreadable_risk
from backstop.cli.psql import classify_script
from backstop.cli.psql.commands import Command, command_findings
from backstop.cli.psql.reading import read_script
from backstop.embedded import list_binaries
from testing.tables import read_table

TABLE = read_table(Path(__file__).parent / "data" / "scripts.tsv")
SCRIPTS = [script for _, _, script in TABLE]
NEWEST = max(list_binaries(), key=lambda binaries: binaries.version_key, default=None)
needs_psql = pytest.mark.skipif(NEWEST is None, reason="no psql was found")


def run_psql(dsn, folder, *arguments):
    # Nobody is there to answer, and an editor that changes nothing.
    return subprocess.run(
        [NEWEST.program("psql"), "-X", "-d", dsn, *arguments],
        cwd=folder,
        env={**os.environ, "EDITOR": "true", "PSQL_EDITOR": "true", "COLUMNS": "40"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("level", "kind", "script"), TABLE)
def test_a_script_has_the_level_of_the_table(level, kind, script):
    result = classify_script(script)
    kinds = [finding.kind for finding in result.findings if finding.level is result.level]
    assert (result.level.value, kinds[0] if kinds else "-") == (level, kind)


@needs_psql
def test_what_psql_destroys_is_critical(dsn, tmp_path):
    destroyed = set()
    # \password asks on the terminal itself.
    asked = [script for script in SCRIPTS if "\\password" not in script]
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for script in asked:
            cursor.execute("DROP TABLE IF EXISTS t, x; CREATE TABLE t (id int, a int, b int)")
            cursor.execute("CREATE TABLE x (id int); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)")
            (tmp_path / "script.sql").write_text(script, encoding="utf-8")
            run_psql(dsn, tmp_path, "-f", "script.sql")
            cursor.execute("SELECT to_regclass('x') IS NULL OR to_regclass('t') IS NULL")
            gone = cursor.fetchone()[0]
            if not gone:
                cursor.execute("SELECT count(*) = 0 FROM t")
                gone = cursor.fetchone()[0]
            if gone:
                destroyed.add(script)
    assert [s for s in destroyed if classify_script(s).level is not RiskLevel.CRITICAL] == []
    assert len(destroyed) >= 20


@needs_psql
def test_every_command_of_psql_is_known(dsn, tmp_path):
    listed = re.findall(r"^  \\(\S+)", run_psql(dsn, tmp_path, "-c", r"\?").stdout, re.M)
    names = {"c" if name.startswith("c[") else name.partition("[")[0] for name in listed}
    assert {"!", "c", "copy", "d", "gexec"} <= names
    unknown = [
        name
        for name in names
        if name != "copy"
        and [
            f
            for f in command_findings(Command(name, "", 0, 1), unreadable_risk(""))
            if f.kind == "unreadable"
        ]
    ]
    assert unknown == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_left_for_the_classifier_stands_where_it_stood(script):
    sql = read_script(script).sql
    assert len(sql) == len(script)
    assert all(mark in (" ", ";", written) for mark, written in zip(sql, script))
    for finding in classify_script(script).findings:
        assert 0 <= finding.start <= finding.end <= len(script)
        assert finding.reason.endswith(".")


def test_a_finding_is_placed_in_the_script_and_not_in_what_is_sent():
    script = "\\set a 'x, y, z'\nDROP TABLE :a; TRUNCATE t;"
    drop, truncate = classify_script(script).findings
    assert script[drop.start : drop.end] == "DROP TABLE :a"
    assert script[truncate.start : truncate.end] == "TRUNCATE t"
    assert "destroys x, y, z" in drop.reason


def test_a_command_is_found_after_a_quote_longer_than_the_first_look():
    text = f"SELECT E'{'a' * 4000}\\\\{'b' * 200}' \\! true"
    (finding,) = classify_script(text).findings
    assert text[finding.start : finding.end] == "\\! true"


@pytest.mark.parametrize(
    "sql", ["SELECT E'\\n'", "DELETE FROM t -- \\", "SELECT a[1:b] FROM t WHERE c = :d", "COMMIT"]
)
def test_a_text_without_anything_of_psql_is_classified_as_ever(sql):
    assert classify_script(sql) == classify(sql)


def test_the_riskiest_part_speaks_whether_it_is_sql_or_a_command():
    result = classify_script("\\i more.sql\nDELETE FROM t;\n\\copy u FROM in.csv")
    assert (result.level, result.operation) == (RiskLevel.CRITICAL, "DELETE")
    assert result.tables == ("t", "u")
    assert [finding.kind for finding in result.findings] == [
        "psql-include",
        "delete-without-where",
        "copy-from",
    ]
    assert classify_script("SELECT 1;\n\\i more.sql").operation == "\\i"


_PIECES = [*SCRIPTS, "'", '"', "$$", "\\", "\\.", "\n", ";", "stdin;\n", "--", "/*", "*/", "(", ")"]


@given(st.lists(st.sampled_from(_PIECES), max_size=6).map("\n".join))
def test_any_script_has_a_level(script):
    result = classify_script(script)
    assert all(0 <= f.start <= f.end <= len(script) for f in result.findings)


@pytest.mark.parametrize(
    "script",
    [
        "\\echo a\n" * 20_000,
        # Rows without their COPY.
        "1\t\\N\tname\n" * 30_000,
        "SELECT '" + "stdin;\n" * 20_000 + "'",
        "SELECT '" + "stdin;\n" * 20_000,
        "COPY t FROM stdin;\n1\n\\.\n" * 5_000,
        "\\set a 5\nSELECT :a;\n" * 5_000,
        "\\echo " + "'" * 100_001,
        "SELECT 1 \\g\n" * 20_000,
    ],
    ids=len,
)
def test_length_is_no_problem(script):
    start = time.process_time()
    classify_script(script)
    assert time.process_time() - start < 20
