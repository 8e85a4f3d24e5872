"""Somebody hears of every statement that ran unprotected: by file, function or metric."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import backstop
from backstop import audience
from backstop.sinks import telemetry

TABLE = "CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 100) AS g"


@pytest.fixture
def orders(connect):
    with closing(connect()) as connection, connection:
        connection.cursor().execute(TABLE)


@pytest.fixture
def reader(monkeypatch):
    """Give what reads the metrics of one test, as if its provider were set for this process."""
    found = InMemoryMetricReader()
    provider = MeterProvider([found])
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: provider)
    telemetry.shared.cache_clear()
    audience._telemetry.cache_clear()
    yield found
    telemetry.shared.cache_clear()
    audience._telemetry.cache_clear()


def measured(reader):
    """Return the points of all metrics, by name and attributes."""
    found = {}
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    value = point.value if hasattr(point, "value") else (point.count, point.sum)
                    found[(metric.name, *sorted(point.attributes.values()))] = value
    return found


def lines(path):
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


_WORKER = """
import sys, psycopg2, backstop
connection = backstop.guard(psycopg2.connect(sys.argv[1]), storage=sys.argv[2], actor="worker")
for number in range(30):
    cursor = connection.cursor()
    cursor.execute("DELETE FROM orders")
    cursor.execute("INSERT INTO orders SELECT generate_series(1, 10)")
    connection.commit()
"""


@pytest.mark.usefixtures("orders")
def test_while_the_store_is_down_every_unprotected_statement_is_on_file_and_counted(
    dsn, tmp_path, reader, monkeypatch
):
    # An hour of it: the store goes away between two statements, and later it is back. Meanwhile
    # four threads and two other processes work.
    store, path = tmp_path / "store", tmp_path / "audit.jsonl"
    monkeypatch.setenv("BACKSTOP_AUDIT", path.as_uri())

    def work(times):
        with closing(psycopg2.connect(dsn)) as raw:
            connection = backstop.guard(raw, storage=store.as_uri(), actor="agent")
            for _ in range(times):
                cursor = connection.cursor()
                cursor.execute("DELETE FROM orders")
                cursor.execute("INSERT INTO orders SELECT generate_series(1, 10)")
                connection.commit()

    work(2)
    store.rename(tmp_path / "away")
    store.write_text("no folder")
    threads = [threading.Thread(target=work, args=(30,)) for _ in range(4)]
    others = [
        subprocess.Popen([sys.executable, "-c", _WORKER, dsn, store.as_uri()]) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    store.unlink()
    (tmp_path / "away").rename(store)
    work(2)
    assert backstop.flush_events()

    found = [line for line in lines(path) if line["db.operation.name"] == "DELETE"]
    unprotected = [line for line in found if "backstop.snapshot.error" in line]
    assert len(unprotected) == (4 + 2) * 30
    assert {line["severity"] for line in unprotected} == {"ERROR"}
    assert len(found) - len(unprotected) == len(backstop.snapshots.list(store.as_uri())) == 4
    metered = measured(reader)
    assert metered["backstop.snapshot.failures", "StorageError"] == 4 * 30
    assert metered["backstop.statements", "CRITICAL", "snapshot"] == 4 * 30 + 4


@pytest.mark.usefixtures("orders")
def test_a_snapshot_is_measured_and_its_statement_is_on_the_current_span(dsn, store, reader):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with (
        closing(psycopg2.connect(dsn)) as raw,
        provider.get_tracer("test").start_as_current_span("request"),
    ):
        connection = backstop.guard(raw, storage=store, actor="agent")
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.execute("DELETE FROM orders")
        connection.commit()
    (summary,) = backstop.snapshots.list(store)
    (span,) = exporter.get_finished_spans()
    read, deleted = span.events
    assert read.name == deleted.name == "backstop.statement"
    assert read.attributes["backstop.risk.level"] == "SAFE"
    assert deleted.attributes["backstop.snapshot.id"] == summary.id
    assert deleted.attributes["db.collection.name"] == "orders"
    metered = measured(reader)
    assert metered["backstop.snapshot.rows", "DELETE"] == (1, 100)
    assert metered["backstop.snapshot.bytes", "DELETE"] == (1, summary.bytes)
    count, seconds = metered["backstop.snapshot.duration", "DELETE"]
    assert count == 1
    assert 0 < seconds < 30
    assert metered["backstop.statements", "SAFE", "run"] == 1


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("mode", ["monitor", "protect", "block"])
def test_every_statement_gives_one_event(dsn, store, mode):
    heard = []
    with closing(psycopg2.connect(dsn)) as raw:
        connection = backstop.guard(raw, store, "agent", mode, on_event=[heard.append])
        cursor = connection.cursor()
        for sql in ("SELECT 1", "INSERT INTO orders VALUES (1)", "DELETE FROM orders WHERE id = 1"):
            cursor.execute(sql)
        with pytest.raises(psycopg2.errors.UndefinedTable):
            cursor.execute("SELECT * FROM nowhere")
    assert backstop.flush_events()
    assert [event["db.operation.name"] for event in heard] == [
        "SELECT",
        "INSERT",
        "DELETE",
        "SELECT",
    ]
    assert [event.get("error.type") for event in heard] == [None, None, None, "UndefinedTable"]


_WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
import psycopg2, backstop
connection = backstop.guard(psycopg2.connect(sys.argv[1]), sys.argv[2], "agent", "monitor")
connection.cursor().execute("DELETE FROM orders")
from backstop.audience import _telemetry
assert _telemetry() is None
"""


@pytest.mark.usefixtures("orders")
def test_opentelemetry_need_not_be_installed(dsn, store):
    subprocess.run([sys.executable, "-c", _WITHOUT, dsn, store], check=True)


_API_ALONE = """
import sys
from time import sleep
from backstop.audience import Audience
from backstop.levels import RiskLevel
from backstop.settings import build_settings
audience = Audience(build_settings(sys.argv[1], "agent", "monitor"))
assert not audience.wants(RiskLevel.SAFE)
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
metrics.set_meter_provider(MeterProvider())
sleep(1.1)
assert audience.wants(RiskLevel.SAFE)
"""


def test_without_a_provider_opentelemetry_hears_nothing(tmp_path):
    url = Path(tmp_path).as_uri()
    subprocess.run([sys.executable, "-c", _API_ALONE, url], check=True)
