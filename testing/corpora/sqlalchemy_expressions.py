"""Expressions of SQLAlchemy Core: operators of every type, functions, aggregates, windows."""

from __future__ import annotations

import datetime
import itertools
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import func
from sqlalchemy.dialects import postgresql as pg

from testing.corpora.sqlalchemy_tables import VALUES, c, item, shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    Expressions = Iterator[sa.ColumnElement[Any]]


def comparisons() -> Expressions:
    """Compare columns of every type with values, in every way."""
    for name, value in VALUES.items():
        column = c[name]
        yield column == value
        yield column.in_([value, value])
        yield column.in_([])
        yield column.is_(None)
        yield column.is_not_distinct_from(value)
        yield sa.tuple_(column, c.id).in_([(value, 1)])
        if name != "active":
            yield column < value
            yield column.between(value, value)
            yield column.between(value, value, symmetric=True)


def exclusions() -> Expressions:
    """Compare with what rows must not be: of a key, that leaves out one row in a million."""
    for name, value in VALUES.items():
        column = c[name]
        yield column != value
        yield column.not_in([value])
        yield column.is_not(None)
        yield column.is_distinct_from(value)
        if name != "active":
            yield column >= value
            yield ~column.between(value, value)


def tautologies() -> Expressions:
    """Compare columns with what they hold themselves."""
    for name, value in VALUES.items():
        column = c[name]
        yield column.in_(sa.select(column).scalar_subquery())
        yield column == item.alias("other").c[name]
        if name != "active":
            yield value == sa.any_(sa.select(column).scalar_subquery())
            yield value >= sa.all_(sa.select(column).scalar_subquery())


def matches() -> Expressions:
    """Match text in every way."""
    for text in ("a", "50%", "a_b", "it's"):
        for column in (c.title, c["Quoted Name"]):
            yield column.like(text)
            yield column.not_like(text)
            yield column.like(text, escape="/")
            yield column.ilike(text)
            yield column.not_ilike(text, escape="|")
            yield column.startswith(text)
            yield column.startswith(text, autoescape=True)
            yield column.endswith(text)
            yield column.contains(text, autoescape=True)
            yield column.icontains(text)
            yield column.regexp_match(text)
            yield column.regexp_match(text, flags="i")
            yield ~column.regexp_match(text)
            yield column.op("SIMILAR TO")(text)
            yield column.bool_op("~*")(text)
    yield func.to_tsvector("simple", c.title).match("a & b")
    yield c.words.bool_op("@@")(func.to_tsquery("simple", "a"))
    yield c.title.match("a", postgresql_regconfig="simple")


def containers() -> Expressions:
    """Use the operators of json, arrays, ranges and the like."""
    for name in ("doc", "docb"):
        column = c[name]
        yield column["a"]
        yield column[1]
        yield column[("a", "1")]
        yield column["a"].as_string() == "x"
        yield column["a"].as_integer() > 1
        yield column["a"].as_boolean()
        yield column[("a", "b")].as_float() < 1
        yield column["a"].as_numeric(10, 2) < 1
        yield column["a"].as_json()
    yield c.docb["a"].astext == "b"
    yield c.docb[("a", "b")].astext.cast(sa.Integer) == 1
    yield c.docb.contains({"a": [1]})
    yield c.docb.contained_by({"a": 1})
    yield c.docb.has_key("a")
    yield c.docb.has_all(pg.array(["a", "b"]))
    yield c.docb.has_any(pg.array(["a"]))
    yield c.docb.path_exists("$.a")
    yield c.docb.path_match("$.a == 1")
    yield c.docb.delete_path(pg.array(["a"]))
    yield c.docb.concat({"a": 1})
    yield c.docb.op("-")("a")
    yield c.docb == sa.JSON.NULL
    for name in ("numbers", "tags"):
        column, value = c[name], VALUES[name]
        yield column[1]
        yield column[1:2]
        yield column.contains(value)
        yield column.contained_by(value)
        yield column.overlap(value)
        yield column + value
        yield value[0] == sa.any_(column)
        yield value[0] > sa.all_(column)
        yield func.array_length(column, 1) > 1
        yield func.array(sa.select(c.id).scalar_subquery())
    yield pg.array([1, 2]) + pg.array([c.id])
    yield pg.array([pg.array([1, 2]), pg.array([3, 4])])[1][1]
    yield sa.cast(pg.array([]), pg.ARRAY(sa.Integer))
    for name, value in (("span", pg.Range(1, 5)), ("spans", sa.cast("{[1,5)}", pg.INT4MULTIRANGE))):
        column = c[name]
        for operator in _RANGE_OPERATORS:
            yield getattr(column, operator)(value)
        yield column + value
        yield column - value
        yield column * value
        yield func.lower(column)
        yield func.upper_inf(column)
    yield func.int4range(1, c.order, type_=pg.INT4RANGE).contains(2)
    yield c.address.bool_op("<<=")(sa.literal("10.0.0.0/8", pg.INET))
    yield c.bits.op("&")(sa.cast("101", pg.BIT(3)))


def scalars() -> Expressions:
    """Compute with numbers, dates, CASE and subqueries."""
    for one, other in itertools.permutations(("id", "order", "price", "weight"), 2):
        yield c[one] + c[other]
        yield c[one] - c[other] * 2
        yield c[one] / func.nullif(c[other], 0)
        yield sa.case((c[one] > c[other], "more"), else_=c.title)
    yield c.id // 2
    yield c.id % 10
    yield -c.price
    yield c.id.bitwise_and(1).bitwise_or(c.order).bitwise_xor(3).bitwise_lshift(2)
    yield c.title + " 100%" + c["Quoted Name"]
    yield c.title.collate("C")
    yield ~c.active
    yield sa.or_(sa.and_(c.active, c.id > 1), sa.not_(c.title == "a"), sa.false())
    yield sa.true()
    yield sa.null()
    yield sa.literal_column("'it''s -- here'").label("says")
    yield (sa.literal("a;b") + c.title).label('a label, with "quotes" and %')
    yield sa.case({1: "one", 2: "two"}, value=c.order, else_="many")
    yield c.made + datetime.timedelta(hours=1)
    yield c.made - func.now()
    yield c.made.op("AT TIME ZONE")("UTC")
    yield func.timezone("UTC", c.made)
    for field in ("year", "month", "day", "hour", "epoch", "dow", "week", "quarter"):
        yield sa.extract(field, c.made)
        yield func.date_part(field, c.made)
    for field in ("year", "month", "day", "hour", "week", "quarter"):
        yield func.date_trunc(field, c.made)
    yield func.coalesce(c.title, c["Quoted Name"], "")
    yield func.greatest(c.id, c.order, func.least(1, 2))
    yield func.current_timestamp()
    yield func.current_date()
    yield func.localtime()
    yield func.current_user()
    yield func.session_user()
    yield func.pg_get_serial_sequence("item", "id")
    yield func.gen_random_uuid()


def casts() -> Expressions:
    """Write a cast to every type, both ways."""
    numbers: list[Any] = [sa.Integer, sa.BigInteger, sa.Numeric(12, 3), sa.Float, pg.REAL]
    for name, kind in itertools.product(
        ("id", "order", "price", "weight"), [*numbers, sa.String(20), sa.Text]
    ):
        yield sa.cast(c[name], kind)
        yield c[name].cast(kind)
    others: tuple[Any, ...] = (
        *(sa.DateTime(timezone=True), sa.Date, pg.TIMESTAMP(precision=3), sa.Time, sa.Interval),
        *(pg.INTERVAL(fields="DAY TO SECOND"), pg.JSONB, pg.ARRAY(sa.Integer), pg.INT8RANGE),
        *(pg.BYTEA, sa.Uuid, pg.CIDR, pg.MACADDR, pg.OID, pg.REGCLASS, pg.BIT(3)),
        *(pg.TSVECTOR, pg.TSQUERY, pg.VARCHAR(3), pg.CHAR(3), pg.DOUBLE_PRECISION, sa.Boolean),
    )
    for kind in others:
        yield sa.cast(sa.null(), kind)


_OF_TEXT = ("lower", "upper", "length", "trim", "initcap", "reverse", "md5", "ascii")
_OF_NUMBERS = ("abs", "ceil", "floor", "round", "sign", "sqrt", "exp", "trunc")
_RANKS = ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist")
_RANGE_OPERATORS = (
    *("contains", "contained_by", "overlaps", "strictly_left_of", "strictly_right_of"),
    *("not_extend_right_of", "not_extend_left_of", "adjacent_to"),
)


def calls() -> Expressions:
    """Call built-in functions."""
    for name in _OF_TEXT:
        yield getattr(func, name)(c.title)
    for name in _OF_NUMBERS:
        yield getattr(func, name)(c.weight)
    yield func.substring(c.title, 1, 3)
    yield func.substr(c.title, 2)
    yield c.title.regexp_replace("a", "b", flags="g")
    yield func.split_part(c.title, ",", 1)
    yield func.strpos(c.title, "a")
    yield func.lpad(func.rpad(c.title, 10, "*"), 12)
    yield func.to_char(c.made, "YYYY-MM-DD HH24:MI")
    yield func.make_date(2024, 1, c.order)
    yield func.format("%s and %I", c.title, "a")
    yield func.jsonb_build_object("id", c.id, "tags", c.tags)
    yield func.row_to_json(item.table_valued())
    yield func.to_jsonb(c.tags)
    yield func.jsonb_set(c.docb, pg.array(["a"]), sa.cast("1", pg.JSONB))
    yield func.string_to_array(c.title, ",")
    yield func.array_position(c.numbers, 1)
    yield func.ts_headline("simple", c.title, func.plainto_tsquery("simple", "a"))
    yield func.ts_rank_cd(c.words, func.websearch_to_tsquery("simple", "a"))
    yield func.random()
    yield sa.exists().where(shop.c.id == c.shop_id)
    yield sa.select(shop.c.name).where(shop.c.id == c.shop_id).scalar_subquery()
    yield sa.tuple_(c.id, c.title) == sa.tuple_(1, "a")
    yield func.encode(c.data, "hex")
    yield c.data == b"a%'\\"


def aggregates() -> Expressions:
    """Aggregate, with FILTER, ORDER BY, WITHIN GROUP, DISTINCT, and over windows."""
    plain = {
        "count": func.count(c.id),
        "count star": func.count(),
        "count distinct": func.count(sa.distinct(c.title)),
        "sum": func.sum(c.price),
        "avg": func.avg(c.weight),
        "min": func.min(c.made),
        "max": func.max(c.title),
        "bool_or": func.bool_or(c.active),
        "every": func.every(c.active),
        "stddev": func.stddev_samp(c.price),
        "array_agg": func.array_agg(c.id),
        "string_agg": func.string_agg(c.title, ", "),
        "json_agg": func.json_agg(c.title),
        "jsonb_object_agg": func.jsonb_object_agg(c.id, c.title),
        "corr": func.corr(c.weight, c.price),
    }
    for name, call in plain.items():
        yield call
        yield call.filter(c.active, c.id > 1)
        yield sa.cast(call, sa.Text).label("order")
        if name != "count distinct":
            yield call.over()
            yield call.filter(c.active).over(partition_by=c.shop_id, order_by=c.id.desc())
            yield call.over(order_by=c.id, rows=(-2, 0))
            yield call.over(order_by=c.id, range_=(None, 1))
            yield call.over(order_by=[c.id, c.title], groups=(0, None))
    yield func.array_agg(pg.aggregate_order_by(c.id, c.title.desc(), c.id))
    yield func.string_agg(c.title, pg.aggregate_order_by(sa.literal(","), c.id))
    yield func.percentile_cont(0.5).within_group(c.weight)
    yield func.percentile_disc(0.9).within_group(c.price.desc()).filter(c.active)
    yield func.mode().within_group(c.title)
    yield func.rank(5).within_group(c.id)
    for name in _RANKS:
        yield getattr(func, name)().over(partition_by=c.shop_id, order_by=c.id)
    yield func.ntile(4).over(order_by=c.id)
    for name in ("lag", "lead", "first_value", "last_value"):
        yield getattr(func, name)(c.price).over(order_by=c.made.nulls_last())
    yield func.nth_value(c.price, 2).over(order_by=c.made)
    yield c.price - func.lag(c.price, 1, 0).over(order_by=c.made)


def expressions() -> Expressions:
    """Give every expression that has a value for each row."""
    yield from itertools.chain(comparisons(), exclusions(), tautologies())
    yield from itertools.chain(matches(), containers(), scalars(), casts(), calls())
