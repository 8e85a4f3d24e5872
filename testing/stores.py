"""What is in a store, as somebody reads it who has the bucket alone."""

from __future__ import annotations

import zstandard

from backstop.storage import open_storage


def stored_text(store: str) -> str:
    """Return all that is stored, uncompressed, each object below its name."""
    storage = open_storage(store)
    found = []
    for name in storage.list(""):
        body = storage.get(name)
        if name.endswith(".zst"):
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        found.append(f"{name}\n{body.decode()}")
    return "\n".join(found)
