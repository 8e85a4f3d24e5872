"""Tables with a column of every type that applications use, and a value for each."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg


class Mood(enum.Enum):
    """Becomes a type of the database."""

    calm = 1
    wild = 2


metadata = sa.MetaData()
shop = sa.Table(
    "shop",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50)),
)
item = sa.Table(
    "item",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("shop_id", sa.ForeignKey("shop.id")),
    sa.Column("title", sa.String(50)),
    sa.Column("order", sa.SmallInteger),
    sa.Column("price", sa.Numeric(10, 2)),
    sa.Column("weight", sa.Double),
    sa.Column("active", sa.Boolean),
    sa.Column("made", sa.DateTime(timezone=True)),
    sa.Column("day", sa.Date),
    sa.Column("at", sa.Time),
    sa.Column("period", sa.Interval),
    sa.Column("mood", sa.Enum(Mood)),
    sa.Column("key", sa.Uuid),
    sa.Column("data", sa.LargeBinary),
    sa.Column("doc", sa.JSON),
    sa.Column("docb", pg.JSONB),
    sa.Column("numbers", pg.ARRAY(sa.Integer)),
    sa.Column("tags", pg.ARRAY(sa.Text)),
    sa.Column("span", pg.INT4RANGE),
    sa.Column("stay", pg.DATERANGE),
    sa.Column("spans", pg.INT4MULTIRANGE),
    sa.Column("address", pg.INET),
    sa.Column("Quoted Name", sa.Text),
    sa.Column("words", pg.TSVECTOR),
    sa.Column("bits", pg.BIT(3)),
)
c = item.c

VALUES: dict[str, Any] = {
    "id": 1,
    "shop_id": 1,
    "title": 'it\'s 100% \\ "quoted"; DROP TABLE item --',
    "order": 2,
    "price": decimal.Decimal("9.99"),
    "weight": 0.5,
    "active": True,
    "made": datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc),
    "day": datetime.date(2024, 1, 2),
    "at": datetime.time(12, 30),
    "period": datetime.timedelta(days=1),
    "mood": Mood.calm,
    "key": uuid.UUID(int=1),
    "numbers": [1, 2],
    "tags": ["a", "b"],
    "Quoted Name": "DELETE FROM item",
}
