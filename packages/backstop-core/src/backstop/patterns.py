"""Names of tables and columns by patterns as in a shell: one rule for every setting of that kind.

A pattern says by its dots how much of a name it means, so that ``p*`` can't come to mean
everything in the schema ``public``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(patterns: Iterable[str], *names: str) -> bool:
    """Tell whether a pattern matches a name that is given from its schema down to itself.

    The names are spelled as the server keeps them. A pattern without a dot means the last of
    them, one with a dot the last two, and so on; a name may hold dots itself.
    """
    return any(
        fnmatchcase(".".join(names[-count:]), pattern)
        for pattern in patterns
        for count in range(1, min(len(names), pattern.count(".") + 1) + 1)
    )
