"""Snapshot ids sort by time, tell their time, and are short to type."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from backstop.snapshots import identifiers


def test_ids_made_one_after_the_other_sort_that_way():
    made = [identifiers.new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_tells_when_it_was_made():
    before = datetime.now(timezone.utc)
    made = identifiers.created_at(identifiers.new_id())
    assert abs((made - before).total_seconds()) < 5


def test_ids_are_fourteen_characters_that_no_one_mistypes():
    made = identifiers.new_id()
    assert len(made) == identifiers.LENGTH == 14
    assert not set(made) & set("ilou")
    assert identifiers.is_beginning(made[:3])
    assert not identifiers.is_beginning("")
    assert not identifiers.is_beginning(made + "0")
    assert not identifiers.is_beginning("../etc")


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_what_ids_of_a_time_begin_with_finds_all_of_them(length):
    since = datetime(2026, 5, 1, 14, 30, tzinfo=timezone.utc)
    beginning = identifiers.common_beginning(since, since + length)
    for time in (since, since + length / 2, since + length):
        microseconds = (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(
            microseconds=1
        )
        assert identifiers._encode(microseconds, 11).startswith(beginning)
    assert length or len(beginning) == 11
    for year in (1900, 9999):
        assert identifiers.common_beginning(since.replace(year=year), since) == ""
