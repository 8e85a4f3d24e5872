"""Mapped classes with every kind of relationship and inheritance, and rows of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    column_property,
    deferred,
    mapped_column,
    relationship,
)


class Base(DeclarativeBase):
    """The registry of these classes."""


book_tag = sa.Table(
    "book_tag",
    Base.metadata,
    sa.Column("book_id", sa.ForeignKey("book.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
)


class Author(Base):
    """One to many, and itself to itself."""

    __tablename__ = "author"

    id = mapped_column(sa.Integer, primary_key=True)
    name = mapped_column(sa.String(50), index=True, comment="as on the title page", nullable=False)
    mentor_id = mapped_column(sa.ForeignKey("author.id"))
    biography = deferred(mapped_column(sa.Text))
    version = mapped_column(sa.Integer, default=1, nullable=False)
    books = relationship(
        "Book", back_populates="author", cascade="all, delete-orphan", order_by="Book.title"
    )
    mentor = relationship("Author", remote_side="Author.id")
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Tag(Base):
    """Many to many."""

    __tablename__ = "tag"

    id = mapped_column(sa.Integer, primary_key=True)
    label = mapped_column(sa.String, unique=True, nullable=False)
    books = relationship("Book", secondary=book_tag, back_populates="tags")


class Book(Base):
    """Many to one, with defaults of the server and of the client."""

    __tablename__ = "book"
    __table_args__ = (sa.UniqueConstraint("author_id", "title"), {"comment": "all titles"})

    id = mapped_column(sa.BigInteger, primary_key=True)
    title = mapped_column(sa.String, nullable=False)
    price = mapped_column(sa.Numeric(10, 2))
    stock = mapped_column(sa.Integer, server_default="0", nullable=False)
    details = mapped_column(pg.JSONB)
    added = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), onupdate=sa.func.now()
    )
    author_id = mapped_column(sa.ForeignKey("author.id"))
    author = relationship("Author", back_populates="books")
    tags = relationship("Tag", secondary=book_tag, back_populates="books")


Author.book_count = column_property(
    sa.select(sa.func.count(Book.id)).where(Book.author_id == Author.id).scalar_subquery(),
    deferred=True,
)


class Person(Base):
    """The parent of joined-table inheritance."""

    __tablename__ = "person"

    id = mapped_column(sa.Integer, primary_key=True)
    kind = mapped_column(sa.String, nullable=False)
    name = mapped_column(sa.String, nullable=False)
    company_id = mapped_column(sa.ForeignKey("company.id"))
    company = relationship("Company", back_populates="staff")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}  # noqa: RUF012


class Engineer(Person):
    """A table of its own."""

    __tablename__ = "engineer"

    id = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    language = mapped_column(sa.String, nullable=False)
    __mapper_args__ = {"polymorphic_identity": "engineer"}  # noqa: RUF012


class Manager(Person):
    """Another table of its own."""

    __tablename__ = "manager"

    id = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    budget = mapped_column(sa.Integer, nullable=False)
    __mapper_args__ = {"polymorphic_identity": "manager"}  # noqa: RUF012


class Company(Base):
    """What a hierarchy hangs on."""

    __tablename__ = "company"

    id = mapped_column(sa.Integer, primary_key=True)
    name = mapped_column(sa.String, nullable=False)
    staff = relationship("Person", back_populates="company")
    vehicles = relationship("Vehicle")


class Vehicle(Base):
    """The parent of single-table inheritance."""

    __tablename__ = "vehicle"

    id = mapped_column(sa.Integer, primary_key=True)
    kind = mapped_column(sa.String, nullable=False)
    company_id = mapped_column(sa.ForeignKey("company.id"))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}  # noqa: RUF012


class Truck(Vehicle):
    """In the same table as its parent."""

    load = mapped_column(sa.Integer)
    __mapper_args__ = {"polymorphic_identity": "truck"}  # noqa: RUF012


def fill(session: Session) -> None:
    """Add rows of every class, many at once and one by one."""
    tags = [Tag(label=label) for label in ("new", "old", "100%")]
    mentor = Author(name="A. Mentor", biography="long")
    authors = [Author(name=f"Author {number}", mentor=mentor) for number in range(5)]
    for author in authors:
        author.books = [
            Book(title=f"{author.name}'s {number}", price=number, details={"n": 1}, tags=tags[:2])
            for number in range(3)
        ]
    company = Company(name="Works", vehicles=[Vehicle(), Truck(load=3)])
    company.staff = [
        Person(name="p"),
        Engineer(name="e", language="SQL"),
        Manager(name="m", budget=5),
    ]
    session.add_all([*authors, company])
    session.commit()
