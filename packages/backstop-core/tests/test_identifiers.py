"""Snapshot ids sort by time, tell their time, and are short to type."""

from __future__ import annotations

from datetime import datetime, timezone

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
