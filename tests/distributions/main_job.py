"""The main job, as a user runs it who has installed `backstop` and nothing else of ours.

Run in a clean environment by check.py: a table is lost, and the command line brings it back from
a real S3 server.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import psycopg2

import backstop
from backstop.embedded import EmbeddedServer

KEY, SECRET = "backstop-key", "backstop-secret"


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve S3 on a free port, with one bucket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sysconfig.get_path("scripts")) / "rclone"
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "serve", "s3", folder, "--addr", f"127.0.0.1:{port}"]
        command += ["--auth-key", f"{KEY},{SECRET}", "--config", os.devnull, "--log-level", "ERROR"]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            wait_for(port)
            endpoint = f"http://127.0.0.1:{port}"
            boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="prod-snapshots")
            yield endpoint
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the S3 server doesn't listen")


def command(*arguments: str) -> str:
    """Run the console script and return what it printed."""
    program = Path(sysconfig.get_path("scripts")) / "backstop"
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    ).stdout


def rows(dsn: str) -> list[tuple[object, ...]]:
    """Return the table's rows."""
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM users ORDER BY id")
        found = cursor.fetchall()
    connection.close()
    return found


def main() -> None:
    """Lose a table, and bring it back."""
    os.environ.update(
        AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_DEFAULT_REGION="us-east-1"
    )
    with EmbeddedServer() as server, s3_server() as endpoint:
        dsn = os.environ["DATABASE_URL"] = server.dsn()
        storage = f"s3://prod-snapshots@{endpoint}"
        setup = psycopg2.connect(dsn)
        with setup, setup.cursor() as cursor:
            cursor.execute("CREATE TABLE users (id serial PRIMARY KEY, name text)")
            cursor.execute("INSERT INTO users (name) SELECT 'u' || g FROM generate_series(1, 99) g")
        setup.close()
        before = rows(dsn)

        raw_conn = psycopg2.connect(os.environ["DATABASE_URL"])
        db = backstop.guard(conn=raw_conn, storage=storage, actor="gpt-4-agent", mode="protect")
        cursor = db.cursor()
        cursor.execute("SELECT * FROM users WHERE id = %s", (7,))
        found = cursor.fetchall()
        cursor.execute("DELETE FROM users")
        db.commit()
        db.close()

        lost = rows(dsn)
        (listed,) = json.loads(command("snapshots", "list", "--storage", storage, "--json"))
        command("restore", listed["id"], "--dsn", dsn, "--storage", storage)
        if (len(found), lost, rows(dsn)) != (1, [], before):
            sys.exit("the table didn't come back")


if __name__ == "__main__":
    main()
