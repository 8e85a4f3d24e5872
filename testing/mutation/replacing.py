"""Imports the classifier afresh, with one of its files replaced in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

PACKAGES = ("backstop.classifier", "backstop.syntax")


class Replacing(MetaPathFinder):
    """Finds the packages' modules; what is compiled once stays compiled."""

    def __init__(self) -> None:
        self.codes: dict[str, CodeType | None] = {}
        self.path = ""
        self.content = b""

    @contextmanager
    def replaced(self, path: str, content: bytes) -> Iterator[None]:
        """Have the packages imported anew inside of the block, with another content of one file."""
        self.path, self.content = path, content
        _forget()
        try:
            yield
        finally:
            self.path = ""
            _forget()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module of the packages, and nothing else."""
        if not fullname.startswith(PACKAGES):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, replacing: Replacing) -> None:
        super().__init__(fullname, path)
        self.replacing = replacing

    def get_data(self, path: str) -> bytes:
        return self.replacing.content if path == self.replacing.path else super().get_data(path)

    def get_code(self, fullname: str) -> CodeType | None:
        if self.path == self.replacing.path:
            return self.source_to_code(self.replacing.content, self.path)
        if fullname not in self.replacing.codes:
            self.replacing.codes[fullname] = super().get_code(fullname)
        return self.replacing.codes[fullname]


def _forget() -> None:
    for name in [name for name in sys.modules if name.startswith(PACKAGES)]:
        del sys.modules[name]
