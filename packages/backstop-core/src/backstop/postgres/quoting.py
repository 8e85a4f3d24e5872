"""Identifiers and literals as text that any PostgreSQL server reads the same way.

The output is ASCII, so that it survives every client encoding, and doesn't depend on
``standard_conforming_strings``.
"""

from __future__ import annotations


def identifier(name: str) -> str:
    """Quote one identifier; characters beyond ASCII become U&"" escapes."""
    if name.isascii():
        return '"' + name.replace('"', '""') + '"'
    return 'U&"' + "".join(_identifier_character(character) for character in name) + '"'


def qualified(schema: str, name: str) -> str:
    """Quote a schema-qualified name."""
    return f"{identifier(schema)}.{identifier(name)}"


def literal(text: str) -> str:
    """Quote a string as an E'' constant."""
    return "E'" + "".join(_literal_character(character) for character in text) + "'"


def text_array(values: list[str]) -> str:
    """Write an array of type text."""
    return "ARRAY[" + ", ".join(literal(value) for value in values) + "]::text[]"


def oid_array(oids: list[int]) -> str:
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
