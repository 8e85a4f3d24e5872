"""Options of foreign objects that may hold a secret, which no snapshot may ever hold.

What an option means, only its wrapper knows. So it is judged by its name and by its value, and of
user mappings, which exist to hold passwords, only what is known to be harmless is saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from backstop.postgres.model.spelling import pairs
from backstop.postgres.objects import CatalogObject

_NAME = re.compile(r"pass|pwd|secret|token|key|cred|auth|private|signature|cookie", re.IGNORECASE)
_VALUE = re.compile(
    r"://[^/\s]*@|-----BEGIN|(?:pass\w*|pwd|secret\w*|token|key|sig\w*|cred\w*|auth\w*)[\"']?\s*[=:]",
    re.IGNORECASE,
)
_HARMLESS = frozenset({"password_required"})
_OF_USERS = _HARMLESS | {"user", "username", "user_name", "remote_user", "sslcert"}


def sort_options(
    options: Iterable[str] | None, owner: CatalogObject, *, of_user: bool = False
) -> tuple[list[tuple[str, str]], list[CatalogObject]]:
    """Return name and value of the options that are saved, then the rest of them as objects.

    ``options`` are as the catalogs hold them, and ``of_user`` is whether their owner is a user
    mapping.
    """
    saved, withheld = [], []
    for name, value in pairs(options):
        if _may_be_secret(name, value) or (of_user and name not in _OF_USERS):
            withheld.append(withhold(f"option {name}", owner, value))
        else:
            saved.append((name, value))
    return saved, withheld


def withhold(what: str, owner: CatalogObject, value: str) -> CatalogObject:
    """Return an object that is only compared: nothing of it is saved, so nothing brings it back."""
    return CatalogObject(
        "withheld",
        f"{what} of {owner.identity}",
        (),
        (owner.identity,),
        definition=(owner.address, what, sha256(value.encode()).hexdigest()),
        within=owner.identity,
    )


def _may_be_secret(name: str, value: str) -> bool:
    named = name not in _HARMLESS and _NAME.search(name) is not None
    return named or _VALUE.search(value) is not None
