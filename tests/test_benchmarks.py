"""The benchmarks measure what they say, and notice a broken bound."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from typing import TYPE_CHECKING

import pytest

from backstop import RiskLevel, classify
from backstop.embedded import EmbeddedServer, find_binaries
from benchmarks import (
    classifying,
    guarding,
    memory,
    peak,
    profiles,
    report,
    saving,
    scale,
    tables,
    throughput,
    wall_clock,
)
from benchmarks.side_by_side import Bound, Case, measure
from testing.s3 import find_rclone

if TYPE_CHECKING:
    from pathlib import Path

    from testing.s3 import S3Endpoint

pytestmark = pytest.mark.proof


def _slow(text: str) -> int:
    return sum(range(20_000))


@pytest.mark.parametrize("case", classifying.CASES, ids=lambda case: case.name)
def test_a_case_makes_new_texts_that_are_no_destruction(case: Case) -> None:
    texts = [case.make(number) for number in range(3)]
    assert len(set(texts)) == (1 if case.name == "repeated text" else 3)
    assert all(classify(text).level < RiskLevel.IMPACT_CRITICAL for text in texts)


@pytest.mark.parametrize(("judged", "holds"), [("fast", True), ("slow", False)])
def test_a_bound_is_checked(judged: str, holds: bool) -> None:
    contestants = {judged: str.lower if judged == "fast" else _slow, "rival": _slow}
    case = Case("a case", str, 5, Bound("rival", 0.5))
    assert measure(case, contestants, rounds=3).holds is holds


def test_no_text_is_measured_twice() -> None:
    seen: list[str] = []
    measure(Case("a case", str, 2, Bound("judged", 1.0)), {"judged": seen.append}, rounds=2)
    assert seen == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(("factor", "code"), [(1e9, 0), (1e-9, 1)])
def test_a_broken_bound_ends_with_1(
    factor: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = Case("a case", str, 1, Bound(classifying.PARSER, factor))
    monkeypatch.setattr(classifying, "CASES", [case])
    assert classifying.main(["--json", "--check", "--rounds", "1"]) == code
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["case"], document["holds"]) == ("a case", code == 0)
    assert classifying.main(["--rounds", "1"]) == 0
    assert ("BROKEN" in capsys.readouterr().out) is (code == 1)


@pytest.mark.parametrize(("judged", "holds"), [("fast", True), ("slow", False)])
def test_a_bound_is_checked_by_the_clock(judged: str, holds: bool) -> None:
    work = {"fast": lambda: None, "slow": lambda: time.sleep(0.002)}
    contestants = {judged: work[judged], "rival": work["slow"]}
    case = wall_clock.Case("a case", contestants, lambda: None, Bound("rival", 0.5))
    outcome = wall_clock.measure(case, rounds=3)
    assert outcome.holds is holds
    assert outcome.times["rival"] >= 2


def test_work_is_undone_before_the_next_contestant_and_nobody_is_always_first() -> None:
    seen: list[str] = []
    contestants = {name: functools.partial(seen.append, name) for name in "ab"}
    case = wall_clock.Case(
        "a case", contestants, lambda: seen.append("-"), Bound("b", 1.0), batch=2
    )
    wall_clock.measure(case, rounds=1)
    assert "".join(seen) == "bb-aa-" + "aa-bb-"


def test_saving_is_measured_beside_plain_statements_and_copies_by_hand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if find_binaries() is None or find_rclone() is None:
        pytest.skip("it starts a PostgreSQL and an S3 server of its own")
    monkeypatch.setattr(saving, "SAVED", Bound(saving.STORED, 1e9))
    monkeypatch.setattr(saving, "TRIED", Bound(saving.PLAIN, 1e9))
    monkeypatch.setattr(saving, "UNSAVED", Bound(saving.PLAIN, 1e-9))
    assert saving.main(["--json", "--check", "--rounds", "1", "--rows", "2000"]) == 1
    documents = json.loads(capsys.readouterr().out)
    assert [(document["case"], document["holds"]) for document in documents] == [
        ("DELETE of 1 row, saved", True),
        ("DELETE of 100 rows, saved", True),
        ("UPDATE by key, protect", False),
        ("UPDATE of 10 rows, protect", True),
    ]
    by_hand = [saving.COPIED, saving.STORED]
    for document in documents:
        rivals = [saving.PLAIN, *(by_hand if "saved" in document["case"] else [])]
        assert list(document["times"]) == [saving.GUARDED, *rivals]
        assert list(document["ratios"]) == rivals


def test_whole_tables_are_saved_and_restored_beside_postgresqls_own_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if find_binaries() is None or find_rclone() is None:
        pytest.skip("it starts a PostgreSQL and an S3 server of its own")
    monkeypatch.setattr(throughput, "SHAPES", (tables.NARROW,))
    monkeypatch.setattr(throughput, "SAVING", Bound(throughput.COPIED, 1e9))
    monkeypatch.setattr(throughput, "STORING", Bound(throughput.DUMPED, 1e-9))
    monkeypatch.setattr(throughput, "RESTORING", Bound(throughput.PG_RESTORED, 1e9))
    assert throughput.main(["--json", "--check", "--rounds", "1", "--megabytes", "1"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(document["case"], document["holds"]) for document in found["times"]] == [
        ("saving narrow to a folder", True),
        ("saving narrow to S3", False),
        ("restoring narrow", True),
    ]
    ((size,)) = found["sizes"]
    assert 100_000 < size["stored"] < 1_000_000
    assert 0 <= size["saving"] < peak.MOST_MEMORY
    assert 0 <= size["restoring"] < peak.MOST_MEMORY


@pytest.mark.parametrize("curves", [True, False])
def test_a_report_is_a_page_and_the_next_run_is_compared_with_it(
    curves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "PAGES", tmp_path / "pages")
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(report, "_plot", lambda _: "<svg/>")
    rows = {"10": {"ours": 2.0, "theirs": 4.5}, "1,000": {"ours": 1234.5}}
    first = report.Report("a", "A title", "Told.", "seconds", rows, curves)
    assert report.compared(first) == []
    report.write(first, {"PostgreSQL": "15"})
    page = (tmp_path / "pages" / "a.md").read_text(encoding="utf-8")
    assert "| 10 | 2.0 | 4.5 |\n| 1,000 | 1,234 |  |" in page
    assert "PostgreSQL 15" in page
    slower = {"10": {"ours": 3.0, "theirs": 4.4}, "1,000": {"ours": 1234.5}}
    assert report.compared(dataclasses.replace(first, rows=slower)) == [
        "10, ours: 1.50 times what it was"
    ]
    of_another_size = dataclasses.replace(first, conditions={"megabytes": 10})
    assert [line[:12] for line in report.compared(of_another_size)] == ["Not compared"]


def test_each_form_of_a_guard_is_a_row_of_the_report() -> None:
    case = dataclasses.replace(guarding.CASE, batch=5)
    contestants = {guarding.PROXY: str.lower, guarding.PLAIN: str.lower}
    outcomes = [measure(case, contestants, rounds=1)]
    contestants = {guarding.SUBCLASS: str.lower, guarding.PLAIN: str.lower}
    outcomes.append(measure(case, contestants, rounds=1))
    rows = guarding.report("guarding", guarding.TITLE, outcomes).rows
    assert list(rows) == [guarding.PROXY, guarding.SUBCLASS]
    assert all(list(row) == ["plain", "guarded"] for row in rows.values())


@pytest.mark.parametrize("name", ["classifying", "guarding", "saving"])
def test_what_runs_in_minutes_can_be_written_as_well(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if name != "classifying" and (find_binaries() is None or find_rclone() is None):
        pytest.skip("it starts a PostgreSQL and an S3 server of its own")
    monkeypatch.setattr(report, "PAGES", tmp_path)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "_plot", lambda _: "<svg/>")
    monkeypatch.setattr(classifying, "CASES", classifying.CASES[:1])
    given = {"saving": ["--rows", "1000"]}.get(name, [])
    module = {"classifying": classifying, "guarding": guarding, "saving": saving}[name]
    assert module.main(["--write", "--rounds", "1", *given]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.{kind}" for kind in ("json", "md", "svg")
    ]


def test_growth_is_measured_size_by_size(capsys: pytest.CaptureFixture[str]) -> None:
    if find_binaries() is None:
        pytest.skip("it starts a PostgreSQL of its own")
    assert scale.main(["--json", "--largest", "10"]) == 0
    found = [(point["curve"], point["size"]) for point in json.loads(capsys.readouterr().out)]
    assert found == [
        ("reading the definitions of tables", 10),
        ("saving from partitions", 1),
        ("saving from partitions", 10),
        ("saving along foreign keys", 5),
    ]
    points = [scale.Point("a curve", 10, 0.5, 0), scale.Point("a curve", 1_000, 50.0, 0)]
    assert list(scale.as_table(points).columns[3].cells) == ["", "10.0"]


def test_listing_and_finding_read_no_more_of_a_larger_store(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if find_binaries() is None:
        pytest.skip("it starts a PostgreSQL of its own")
    chosen = {name: (scale.CURVES[name][0], (5, 50)) for name in (scale.LISTING, scale.FINDING)}
    monkeypatch.setattr(scale, "CURVES", chosen)
    assert scale.main(["--json"]) == 0
    reads = [point["reads"] for point in json.loads(capsys.readouterr().out)]
    assert reads[:2] == [0, 0]
    assert 0 < reads[2] == reads[3]


@pytest.mark.parametrize(("factor", "code"), [(1e9, 0), (1e-9, 1)])
def test_guarded_connections_and_engines_are_measured(
    factor: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if find_binaries() is None:
        pytest.skip("it starts a PostgreSQL of its own")
    case = dataclasses.replace(guarding.CASE, batch=5, bound=Bound(guarding.PLAIN, factor))
    monkeypatch.setattr(guarding, "CASE", case)
    for driver, one in guarding.OVER_CORE.items():
        loose = dataclasses.replace(one, batch=5, bound=Bound(one.bound.rival, factor))
        monkeypatch.setitem(guarding.OVER_CORE, driver, loose)
    assert guarding.main(["--json", "--check", "--rounds", "1"]) == code
    documents = json.loads(capsys.readouterr().out)
    assert [next(iter(document["times"])) for document in documents] == [
        guarding.PROXY,
        guarding.SUBCLASS,
        "backstop.protect_engine, psycopg2",
        "backstop.protect_engine, psycopg",
    ]


@pytest.mark.usefixtures("s3_credentials")
def test_what_should_have_been_saved_and_was_not_is_noticed(
    dsn: str, moto_endpoint: S3Endpoint
) -> None:
    with saving.place(dsn, moto_endpoint, 2000, (1,)) as at:
        unsaved = dataclasses.replace(at, saving=at.protecting)
        with pytest.raises(AssertionError, match=r"snapshots of \[\] rows"):
            saving.measure_all(unsaved, (1,), rounds=1)


@pytest.mark.skipif(find_binaries() is None, reason="no PostgreSQL is installed")
def test_the_memory_of_a_small_table_stays_within_its_bound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--megabytes", "1", "--shape", "narrow", "--json", "--check"]
    assert memory.main(given) == 0
    assert set(json.loads(capsys.readouterr().out)["1"]) == {"saving narrow", "restoring narrow"}


def test_the_memory_of_a_restore_counts_as_that_of_saving_does() -> None:
    size = throughput.Size("narrow", 1, 1, saving=1, restoring=peak.MOST_MEMORY + 1)
    assert size.memory > peak.MOST_MEMORY


@pytest.mark.skipif(find_binaries() is None, reason="no PostgreSQL is installed")
def test_profiles_name_who_asks_the_server_and_no_place_of_the_machine(tmp_path: Path) -> None:
    with EmbeddedServer() as started:
        found = [
            *profiles.of_a_table(started, tmp_path, megabytes=1),
            *profiles.of_a_drop(started, tmp_path, tables=3),
        ]
    page = profiles.page(found, {})
    numbers = profiles.report(found, {"megabytes": 1}).rows
    assert all(row["questions"] > 10 for row in numbers.values())
    assert all(0 < row["asking the server"] < row["in all"] for row in numbers.values())
    assert page.count("| query begins with | calls |") == len(found)
    assert "row_to_json" not in page
    _, restoring, _ = found
    built = restoring.asked.by_words["CREATE INDEX narrow_at_idx ON public.narrow USING"]
    assert built.calls == 1
    assert page.count("| function | calls |") == len(found) == 3
    assert "| `backstop/postgres/model/" in page
    assert str(report.ROOT) not in page
    assert "0x" not in page
