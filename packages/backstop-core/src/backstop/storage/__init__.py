"""Storage: the place where snapshots are kept, a bucket or a folder, named by one URL."""

from __future__ import annotations

from backstop.storage.base import Storage, StorageCheck
from backstop.storage.url import open_storage

__all__ = ["Storage", "StorageCheck", "open_storage"]
