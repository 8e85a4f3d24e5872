"""Which row of a before-image is which row of a table that has got other columns since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backstop.postgres import quoting
from backstop.postgres.remaking.retyping import Retyped
from backstop.postgres.rows.comparing import as_text


def paired(
    table: str, image: str, key: Sequence[str], kept: Sequence[str], retyped: Sequence[Retyped] = ()
) -> str:
    """Return what stands after FROM: each row ``o`` of the table, with its row ``i`` of the image.

    Rows are told apart by the key, if all of it is among the ``kept`` columns, else by all that was
    kept. ``i.backstop_found`` is NULL where the image has none; ``o`` has its ctid and xmin, too.
    """
    if key and set(key) <= set(kept):
        left = f"(SELECT ctid, xmin, * FROM ONLY {table})"
        right = f"(SELECT true AS backstop_found, * FROM {image})"
        same = " AND ".join(
            f"o.{quoting.identifier(name)} = i.{quoting.identifier(name)}" for name in key
        )
    else:
        names = [quoting.identifier(name) for name in kept]
        left = _numbered(
            f"ONLY {table} o",
            "o.ctid, o.xmin",
            [*names, *(column.aside_text for column in retyped)],
        )
        right = _numbered(
            f"{image} i",
            "true AS backstop_found",
            [*names, *(column.image_text for column in retyped)],
        )
        same = "o.backstop_value = i.backstop_value AND o.backstop_number = i.backstop_number"
    return f"{left} o LEFT JOIN {right} i ON {same}"


def _numbered(source: str, also: str, values: Iterable[str]) -> str:
    """Return rows with a number among those that are equal in these values."""
    value = as_text(f"ROW({', '.join(values)})")
    return (
        f"(SELECT {also}, *, {value} AS backstop_value, "
        f"pg_catalog.row_number() OVER (PARTITION BY {value}) AS backstop_number FROM {source})"
    )
