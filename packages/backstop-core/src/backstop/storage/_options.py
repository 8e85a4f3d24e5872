"""The options behind the ``?`` of an S3 storage URL: their names and what each may be.

A message never repeats a value, nor a name that isn't plainly a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from backstop.ages import read_period

if TYPE_CHECKING:
    from collections.abc import Mapping


class OptionError(ValueError):
    """An option is unknown, malformed or out of range; the message says which."""


@dataclass(frozen=True)
class _Text:
    pattern: str
    says: str

    def read(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError
        return text


@dataclass(frozen=True)
class _Number:
    convert: type[int] | type[float]
    least: float
    most: float
    unit: str

    @property
    def says(self) -> str:
        return f"a number from {self.least:g} to {self.most:g}{self.unit}"

    def read(self, text: str) -> float:
        value = self.convert(text)
        if not self.least <= value <= self.most:
            raise ValueError
        return value


@dataclass(frozen=True)
class _Period:
    says: str = "a period above 0, such as 30d"

    def read(self, text: str) -> str:
        if not read_period(text):
            raise ValueError
        return text.strip().lower()


OPTIONS: Mapping[str, _Text | _Number | _Period] = {
    "region": _Text(r"[A-Za-z0-9_-]{1,64}", "a region's name, such as eu-west-1"),
    "sse": _Text(r"AES256|aws:kms|aws:kms:dsse", "AES256, aws:kms or aws:kms:dsse"),
    "sse_kms_key_id": _Text(r"[A-Za-z0-9:/_-]{1,2048}", "the id or ARN of a KMS key"),
    "object_lock": _Period(),
    "object_lock_mode": _Text(r"governance|compliance", "governance or compliance"),
    "addressing": _Text(r"path|virtual|auto", "path, virtual or auto"),
    "checksums": _Text(r"when_required|when_supported", "when_required or when_supported"),
    "storage_class": _Text(r"[A-Z][A-Z0-9_]{0,63}", "a storage class, such as STANDARD_IA"),
    "profile": _Text(r"[^\x00-\x1f\x7f]{1,200}", "the name of a profile in the AWS configuration"),
    "connect_timeout": _Number(float, 0.1, 3600, " (seconds)"),
    "read_timeout": _Number(float, 0.1, 3600, " (seconds)"),
    "max_attempts": _Number(int, 1, 100, ""),
    # S3 refuses parts below 5 MiB; three parts are in memory at a time.
    "part_size": _Number(int, 5, 1024, " (MiB)"),
}


def read_options(query: str) -> dict[str, str | float]:
    """Read the query part of an S3 storage URL, or raise OptionError."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise OptionError("its options must be written as ?name=value&name=value") from None
    options: dict[str, str | float] = {}
    for name, text in pairs:
        option = OPTIONS.get(name)
        if option is None:
            shown = f" {name}" if re.fullmatch(r"[a-z_]{1,30}", name) else " of such a name"
            raise OptionError(f"there is no option{shown}; the options are {', '.join(OPTIONS)}")
        if name in options:
            raise OptionError(f"its option {name} stands there twice")
        try:
            options[name] = option.read(text)
        except ValueError:
            raise OptionError(f"its option {name} must be {option.says}") from None
    return options
