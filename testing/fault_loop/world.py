"""The server, the endpoint, the stores and the children of one loop."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from backstop.storage import Storage, open_storage
from testing.contents import Tables
from testing.fault_loop.nursery import Nursery
from testing.fault_loop.victims import MortalEndpoint, MortalServer
from testing.fault_loop.works import BACKEND, CLIENT, ENDPOINT, SERVER_WHOLE, Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Store:
    """A place for snapshots: its URL, and the folder in which its objects really are.

    The store itself is opened once, as an S3 client takes its time.
    """

    url: str
    folder: Path

    @cached_property
    def opened(self) -> Storage:
        """The store as whoever looks at it afterwards opens it."""
        return open_storage(self.url)


class World:
    """What a loop works with; stores are made in a folder that its caller removes."""

    def __init__(
        self,
        server: MortalServer,
        nursery: Nursery,
        endpoint: MortalEndpoint | None,
        folder: Path,
    ) -> None:
        self.server = server
        self.nursery = nursery
        self._endpoint = endpoint
        self._folder = folder
        self._numbers = itertools.count(1)
        self._opened = contextlib.ExitStack()
        self._tables: tuple[str, Tables] | None = None
        if endpoint is not None:
            self._bucket = endpoint.endpoint.create_bucket("snapshots")

    @contextlib.contextmanager
    def store(self, *, on_s3: bool) -> Iterator[Store]:
        """Give a fresh store; one on S3 gives up at the first attempt."""
        name = f"store-{next(self._numbers)}"
        if on_s3:
            assert self._endpoint is not None
            bucket, _, endpoint = self._bucket.partition("@")
            url = f"{bucket}/{name}@{endpoint}?max_attempts=1"
            store = Store(url, self._endpoint.buckets / "snapshots" / name)
        else:
            store = Store((self._folder / name).as_uri(), self._folder / name)
        try:
            yield store
        finally:
            shutil.rmtree(store.folder, ignore_errors=True)

    def tables(self, work: Work) -> Tables:
        """Give the tables of a work, which may be those of the one before."""
        if self._tables is None or self._tables[0] != work.schema:
            self._opened.close()
            connection = self._opened.enter_context(contextlib.closing(self.server.connect()))
            self._tables = (work.schema, Tables(connection, work.schema, work.rows))
        return self._tables[1]

    def kill(self, victim: str, tables: Tables, backend: int | None) -> bool:
        """Kill somebody -9; false where the work has no such process yet."""
        if victim == CLIENT:
            self.nursery.kill()
        elif victim == ENDPOINT:
            assert self._endpoint is not None
            self._endpoint.kill()
        elif victim == SERVER_WHOLE:
            self.server.kill_all()
        elif victim == BACKEND and backend is not None:
            self.server.kill_backend(backend, tables.connection)
        else:
            return False
        return True

    def recover(self, victim: str, tables: Tables) -> None:
        """Have back who has died."""
        if victim == ENDPOINT:
            assert self._endpoint is not None
            self._endpoint.revive()
        elif victim in (BACKEND, SERVER_WHOLE):
            tables.connection.close()
            connection = self._opened.enter_context(contextlib.closing(self.server.connect()))
            tables.use(connection)

    def close(self) -> None:
        """Close the connection to the tables."""
        self._opened.close()
