"""Reads of SQLAlchemy Core: every expression in its places, and every clause."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.dialects import postgresql as pg

from testing.corpora.sqlalchemy_expressions import aggregates, expressions
from testing.corpora.sqlalchemy_tables import c, item, shop

if TYPE_CHECKING:
    from collections.abc import Iterator


def placed() -> Iterator[sa.Select[Any]]:
    """Place each expression where an application would."""
    for expression in expressions():
        yield sa.select(c.id, expression).select_from(item)
        if isinstance(expression.type, sa.Boolean):
            yield sa.select(item).where(expression)
            yield sa.select(c.id).where(sa.not_(expression)).limit(1)
        elif type(expression.type) not in (sa.JSON, sa.types.NullType):  # they have no order
            yield sa.select(c.id).order_by(expression.desc().nulls_last()).limit(5)
    for expression in aggregates():
        yield sa.select(expression).select_from(item)
    for expression in itertools.islice(aggregates(), 0, None, 2):
        yield sa.select(sa.func.count()).select_from(sa.select(expression.label("a")).subquery())


def clauses() -> Iterator[Any]:
    """Shape whole queries."""
    other = item.alias("i 2")
    joined = shop.join(item)
    both = sa.select(shop.c.name, c.title)
    yield sa.select(1)
    yield sa.select(sa.text("item.price * 2 AS twice")).select_from(item)
    yield sa.select(sa.literal(1), sa.bindparam("x", 2, sa.Integer))
    yield sa.select(sa.text("*")).select_from(sa.text("item"))
    yield sa.text("SELECT title, '50%' FROM item WHERE id = :id").bindparams(id=1)
    yield sa.text("SELECT title FROM item WHERE made > '12\\:30'\\:\\:time + day")
    yield both.select_from(joined)
    yield both.select_from(shop.outerjoin(item))
    yield both.select_from(shop.outerjoin(item, full=True))
    yield both.join(item, shop.c.id == c.shop_id)
    yield sa.select(other, item).join(other, sa.and_(other.c.id == c.id, sa.true()))
    yield sa.select(other.c.id, shop.c.id, c.id)
    yield sa.select(c.title).distinct()
    yield distinct_on(sa.select(c.title), c.shop_id, c.title).order_by(c.shop_id, c.title, c.id)
    yield sa.select(c.shop_id, func.count()).group_by(c.shop_id).having(func.count() > 1)
    yield sa.select(c.shop_id, func.count()).group_by(func.rollup(c.shop_id, c.title))
    yield sa.select(c.shop_id, func.count()).group_by(func.cube(c.shop_id, c.title))
    yield sa.select(c.shop_id).group_by(func.grouping_sets(sa.tuple_(c.shop_id), sa.tuple_()))
    yield sa.select(c.shop_id, func.grouping(c.shop_id)).group_by(func.rollup(c.shop_id))
    yield sa.select(c.id).order_by(sa.desc("id"), sa.func.random()).limit(3).offset(6)
    yield sa.select(c.id).order_by(c.id).fetch(5)
    yield sa.select(c.id).order_by(c.id).offset(2).fetch(5, with_ties=True)
    yield sa.select(c.id).limit(sa.select(func.count(shop.c.id)).scalar_subquery())
    for options in (
        {},
        {"read": True},
        {"nowait": True},
        {"skip_locked": True},
        {"key_share": True},
        {"read": True, "key_share": True},
        {"of": item},
    ):
        yield sa.select(item).join(shop).where(c.id == 1).with_for_update(**options)
    first, second = sa.select(c.id), sa.select(other.c.id).where(other.c.id > 1)
    for combine in (sa.union, sa.union_all, sa.intersect, sa.except_, sa.intersect_all):
        yield combine(first, second)
        yield combine(first, second, first).order_by("id").limit(2)
        yield sa.select(combine(first, second).subquery("u"))
        yield sa.select(item).where(c.id.in_(combine(first, second)))
        yield combine(first.order_by(c.id).limit(1), combine(first, second).limit(3))
    yield from common_tables()
    yield from table_functions()
    for method in (func.bernoulli(50), func.system(10)):
        sampled = sa.tablesample(item, method, name="s")
        yield sa.select(sampled.c.id)
        yield sa.select(sa.tablesample(item, method, seed=sa.literal(1)).c.id)
    yield sa.select(item).with_hint(item, "ONLY", "postgresql").suffix_with("LIMIT 1")
    yield sa.select(c.id).prefix_with("/* SELECT 1; DROP TABLE item */")
    yield sa.select(sa.exists(sa.select(1).where(c.id == 1)))
    yield sa.select(sa.exists(first).label("there")).where(~sa.exists(second))


def distinct_on(query: sa.Select[Any], *columns: Any) -> sa.Select[Any]:
    """Write DISTINCT ON as this version of SQLAlchemy wants it."""
    if hasattr(pg, "distinct_on"):
        return query.ext(pg.distinct_on(*columns))
    return query.distinct(*columns)


def common_tables() -> Iterator[Any]:
    """Use WITH in all its forms."""
    one = sa.select(c.id, c.shop_id).where(c.active).cte("one")
    two = sa.select(one.c.id, shop.c.name).join(shop, shop.c.id == one.c.shop_id).cte("two")
    yield sa.select(one)
    yield sa.select(two, one).where(one.c.id == two.c.id)
    yield sa.select(item).where(c.id.in_(sa.select(two.c.id)))
    tree = sa.select(shop.c.id, sa.literal(0).label("depth")).cte("tree", recursive=True)
    yield sa.select(tree.union_all(sa.select(tree.c.id + 1, tree.c.depth + 1).where(tree.c.id < 3)))
    yield sa.select(tree.union(sa.select(shop.c.id, tree.c.depth).where(shop.c.id == tree.c.depth)))
    for prefix in ("MATERIALIZED", "NOT MATERIALIZED"):
        kept = sa.select(c.id).cte("kept").prefix_with(prefix)
        yield sa.select(kept)
        yield sa.select(kept.alias("k"), kept)
    nested = sa.select(c.id).cte("nested", nesting=True)
    yield sa.select(sa.select(nested.c.id).subquery())
    yield sa.select(sa.select(c.title).cte("delete"))
    yield sa.select(sa.select(c.title).cte("Insert Into"))


def table_functions() -> Iterator[Any]:
    """Put functions, VALUES and LATERAL into FROM."""
    series = func.generate_series(1, 5)
    yield sa.select(series.alias("n").column)
    yield sa.select(series.table_valued("value").render_derived())
    yield sa.select(series.table_valued("value", with_ordinality="place").render_derived())
    numbers = func.unnest(c.numbers).table_valued("n", name="u").render_derived()
    yield sa.select(numbers).select_from(item)
    yield sa.select(c.id, func.unnest(c.tags).column_valued("tag"))
    pairs = func.jsonb_each_text(c.docb).table_valued("key", "value", name="pairs")
    yield sa.select(c.id, pairs.c.key).select_from(item).join(pairs, sa.true())
    records = func.json_to_recordset(sa.cast(sa.literal("[]", sa.Text), sa.JSON)).table_valued(
        sa.column("a", sa.Integer), sa.column("b", sa.String)
    )
    yield sa.select(records.render_derived(name="r", with_types=True))
    yield sa.select(func.jsonb_array_elements(c.docb).column_valued("e")).select_from(item)
    parts = func.regexp_split_to_table(c.title, ",").column_valued("part")
    yield sa.select(parts).select_from(item)
    newest = sa.select(c.title).where(c.shop_id == shop.c.id).order_by(c.id).limit(1)
    yield sa.select(shop.c.name, newest.lateral("newest").c.title)
    yield sa.select(shop).outerjoin(newest.lateral("newest"), sa.true())
    rows = sa.values(sa.column("a", sa.Integer), sa.column("b", sa.String), name="v")
    yield sa.select(rows.data([(1, "one"), (2, "two")]))
    yield sa.select(item).join(rows.data([(1, "x")]), sa.column("a") == c.id)
    yield sa.select(rows.data([(1, "one")]).cte("given"))
    yield sa.select(rows.data([(1, "one")]).lateral())


def reads() -> list[Any]:
    """Return all of the queries."""
    return [*placed(), *clauses()]
