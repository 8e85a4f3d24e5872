"""Encryption with keys of the user's, in the age format, as the library pyrage does it.

A writer knows recipients, which are public keys, and can't read what it has written; who restores
has identities, which are the private ones. No message repeats a key that it was given.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Union

from backstop.errors import ConfigurationError, MissingDistribution, WrongKey
from backstop.pieces import PieceReader, PieceWriter, Through

IdentityArgument = Union[str, "os.PathLike[str]"]

SUFFIX = ".age"
"""What the keys of encrypted objects end with."""

_PUBLIC = "age1"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - how one begins

_WAY_OUT = (
    "Give the file with an age identity of one of its recipients: identity='/path/to/key.txt', "
    "--identity, or BACKSTOP_IDENTITY. Nothing was changed."
)


class Undecryptable(Exception):
    """Bytes that our identities don't open, or that aren't what was encrypted."""


class Recipients:
    """Whom snapshots are encrypted to; ``names`` are their public keys."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._recipients = [_recipient(number, name) for number, name in enumerate(names, 1)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipients) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        return f"<{len(self.names)} recipients>"

    def encrypted(self, pieces: Iterator[bytes]) -> Through:
        """Encrypt a stream, in constant memory."""

        def work(source: PieceReader, sink: PieceWriter) -> None:
            _pyrage().encrypt_io(source, sink, self._recipients)

        return Through(work, pieces)

    def seal(self, data: bytes) -> bytes:
        """Encrypt something small."""
        return bytes(_pyrage().encrypt(data, self._recipients))


class Identities:
    """The keys by which encrypted snapshots are read, out of an age identity file."""

    def __init__(self, path: IdentityArgument) -> None:
        self._identities = _read(path)

    def __repr__(self) -> str:
        return f"<{len(self._identities)} identities>"

    def decrypted(self, pieces: Iterator[bytes]) -> Through:
        """Decrypt a stream, in constant memory; it raises Undecryptable."""

        def work(source: PieceReader, sink: PieceWriter) -> None:
            pyrage = _pyrage()
            try:
                pyrage.decrypt_io(source, sink, self._identities)
            except (pyrage.DecryptError, OSError):
                # Past the header, what isn't as it was encrypted counts as an error of the file.
                raise Undecryptable from None

        return Through(work, pieces)

    def open(self, data: bytes) -> bytes:
        """Decrypt what was sealed; raises Undecryptable."""
        pyrage = _pyrage()
        try:
            return bytes(pyrage.decrypt(data, self._identities))
        except pyrage.DecryptError:
            raise Undecryptable from None


def recipients_from(value: object) -> Recipients | None:
    """Return the recipients of a setting, or of ``BACKSTOP_ENCRYPT_TO`` where that is None.

    Raises ConfigurationError for what isn't a public key of age, and MissingDistribution without
    pyrage.
    """
    if value is None:
        value = [name for name in os.environ.get("BACKSTOP_ENCRYPT_TO", "").split(",") if name]
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        names = tuple(value)
        if all(isinstance(name, str) for name in names):
            return Recipients(tuple(name.strip() for name in names)) if names else None
    raise ConfigurationError(
        f"encrypt_to is of type {type(value).__name__}: it takes a list of public keys of age, "
        "such as ['age1…']."
    )


def identities_from(value: IdentityArgument | None) -> Identities | None:
    """Return the identities of a file, or of ``BACKSTOP_IDENTITY`` where that is None.

    Raises ConfigurationError for a file that holds none, MissingDistribution without pyrage.
    """
    chosen = value if value is not None else os.environ.get("BACKSTOP_IDENTITY")
    return Identities(chosen) if chosen else None


def no_key(what: str) -> WrongKey:
    """Return the error that something is encrypted and no identity was given."""
    return WrongKey(f"{what} is encrypted. {_WAY_OUT}")


def wrong_key(what: str, recipients: Collection[str]) -> WrongKey:
    """Return the error that the given identities don't open something."""
    return WrongKey(
        f"{what} is encrypted to {' and '.join(recipients)}, and none of the identities that were "
        f"given is of one of these. {_WAY_OUT}"
    )


def _recipient(number: int, name: str) -> Any:
    pyrage = _pyrage()
    if name.upper().startswith(_SECRET):
        raise ConfigurationError(
            f"encrypt_to holds a secret key at place {number}. Who writes snapshots takes the "
            "public one alone, which begins with age1: keep the secret one where you restore."
        )
    try:
        return pyrage.x25519.Recipient.from_str(name)
    except pyrage.RecipientError:
        raise ConfigurationError(
            f"encrypt_to holds no public key of age at place {number}: such a key begins with "
            f"{_PUBLIC} and has 62 characters. `age-keygen` makes and shows them."
        ) from None


def _read(path: IdentityArgument) -> list[Any]:
    pyrage = _pyrage()
    if str(path).strip().upper().startswith(_SECRET):
        raise ConfigurationError(
            "identity is a secret key itself: it takes the name of the file that holds it, so "
            "that it stands in no history and no list of processes."
        )
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ConfigurationError(f"identity: the file {path} can't be read: {reason}.") from None
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise ConfigurationError(
            f"identity: the file {path} is no age identity file: each of its lines has to be a key "
            f"that begins with {_SECRET}1, or a comment. `age-keygen -o {path}` writes one."
        )
    return found


def _pyrage() -> Any:
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        raise MissingDistribution(
            "Encryption needs pyrage: pip install 'backstop-core[encryption]'."
        ) from None
