"""Whether a pattern of LIKE, SIMILAR TO or a regular expression turns any text away."""

from __future__ import annotations

import re

_REPEATS = frozenset("*?")
# Longer ones are not looked into, as finding the end of a class takes a look at all of the rest.
_LONGEST = 1000
_NAMED_CLASS = re.compile(r"\[[:.=][^\]]*\]")
_ATOM = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|.", re.DOTALL)


def like_selects(pattern: str) -> bool:
    """Whether a LIKE pattern asks for a certain character, or for none at all.

    An escaped character is a certain one, so that it doesn't matter which mark escapes.
    """
    return not pattern or bool(pattern.strip("%_"))


def similar_selects(pattern: str) -> bool:
    """Whether a pattern of SIMILAR TO asks for a certain character; only plain ones are known."""
    return not re.search(r"[|*+?{}()\[\]\\]", pattern) and like_selects(pattern)


def regex_selects(pattern: str) -> bool:
    """Whether a regular expression asks for a certain character: ``a`` does, ``a*`` doesn't.

    Alternatives and groups are not looked into, but for what stands outside of them.
    """
    if len(pattern) > _LONGEST or any(mark in pattern for mark in ("|", "{", "***", "(?")):
        return False
    depth = 0
    atoms = _ATOM.findall(_NAMED_CLASS.sub(".", pattern))
    for position, atom in enumerate(atoms):
        follower = atoms[position + 1] if position + 1 < len(atoms) else ""
        if atom == "(":
            depth += 1
        elif atom == ")":
            depth -= 1
        elif depth == 0 and follower not in _REPEATS and _is_certain(atom):
            return True
    return False


def _is_certain(atom: str) -> bool:
    """Whether an atom stands for a character that not every text has."""
    if len(atom) == 1:
        return atom not in ".^$*+?{}|"
    # Of the escapes only those of a punctuation mark: \y, \A and \m stand for no character.
    return atom[0] == "\\" and not atom[1].isalnum()
