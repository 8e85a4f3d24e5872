"""A PostgreSQL of one's own, for the demo and the tests, that never outlives who started it.

The server lives in a temporary folder, listens on 127.0.0.1 only and is watched by a supervising
process, which stops it and removes the folder when the starter ends, however it ends. It is made
to be thrown away (``fsync=off``): never keep data in it.
"""

from __future__ import annotations

from backstop.embedded._binaries import ServerBinaries, find_binaries, list_binaries
from backstop.embedded._server import EmbeddedServer

__all__ = ["EmbeddedServer", "ServerBinaries", "find_binaries", "list_binaries"]
