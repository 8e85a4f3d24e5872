"""What a statement would destroy, and what its snapshot would take, without running it."""

from __future__ import annotations

from backstop.previewing._preview import preview, preview_statement
from backstop.previewing.foreseeing import Preview, TablePreview

__all__ = ["Preview", "TablePreview", "preview", "preview_statement"]
