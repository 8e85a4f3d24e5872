"""Identifiers and literals as text that any PostgreSQL server reads the same way.

The output is ASCII, so that it survives every client encoding, and doesn't depend on
``standard_conforming_strings``.
"""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """Quote one identifier; characters beyond ASCII become U&"" escapes."""
    if name.isascii():
        return '"' + name.replace('"', '""') + '"'
    return 'U&"' + "".join(_identifier_character(character) for character in name) + '"'


def qualified(schema: str, name: str) -> str:
    """Quote a schema-qualified name."""
    return f"{identifier(schema)}.{identifier(name)}"


def name_literal(schema: str, name: str) -> str:
    """Write a schema-qualified name as a string constant, as to_regclass() reads it."""
    parts = ('"' + part.replace('"', '""') + '"' for part in (schema, name))
    return literal(".".join(parts))


def literal(text: str) -> str:
    """Quote a string as an E'' constant."""
    return "E'" + "".join(_literal_character(character) for character in text) + "'"


def text_array(values: list[str]) -> str:
    """Write an array of type text."""
    return array(literal(value) for value in values)


def text_pairs(values: Iterable[tuple[str, str]]) -> str:
    """Write pairs of texts as a table of two columns, for FROM."""
    pairs = list(values)
    first, second = (text_array([pair[column] for pair in pairs]) for column in (0, 1))
    return f"ROWS FROM (pg_catalog.unnest({first}), pg_catalog.unnest({second}))"


def array(constants: Iterable[str]) -> str:
    """Write an array of type text out of constants."""
    return f"ARRAY[{', '.join(constants)}]::pg_catalog.text[]"


def oid_array(oids: Iterable[int]) -> str:
    """Write an array of type oid."""
    return "'{" + ",".join(str(int(oid)) for oid in oids) + "}'::oid[]"


def _identifier_character(character: str) -> str:
    if character in '"\\':
        return character * 2
    return character if character.isascii() else f"\\+{ord(character):06X}"


def _literal_character(character: str) -> str:
    if character in "'\\":
        return "\\" + character
    if character.isascii() and character.isprintable():
        return character
    return f"\\U{ord(character):08X}"
