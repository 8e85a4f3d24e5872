"""What SQLAlchemy's ORM, its DDL and its reflection send to the server has the level it should."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session, aliased

from backstop.classifier import classify
from backstop.levels import RiskLevel
from testing.corpora.sqlalchemy_models import (
    Author,
    Base,
    Book,
    Company,
    Engineer,
    Manager,
    Person,
    Tag,
    Truck,
    Vehicle,
    book_tag,
    fill,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class Sent:
    """The statements that an engine sends, in order."""

    def __init__(self, engine: sa.Engine) -> None:
        self.texts: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement, _parameters, _context, _many) -> None:
        self.texts.append(statement)

    def take(self) -> list[str]:
        taken, self.texts = self.texts, []
        return taken

    def above(self, level: RiskLevel) -> dict[str, str]:
        results = {text: classify(text) for text in self.texts}
        return {text: found.reason for text, found in results.items() if found.level > level}


@pytest.fixture
def engine(make_engine: Any) -> sa.Engine:
    engine: sa.Engine = make_engine()
    Base.metadata.create_all(engine)
    return engine


@pytest.fixture
def sent(engine: sa.Engine) -> Sent:
    with Session(engine) as session:
        fill(session)
    return Sent(engine)


@pytest.fixture
def session(engine: sa.Engine, sent: Sent) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


STRATEGIES = [
    orm.lazyload,
    orm.joinedload,
    lambda path: orm.joinedload(path, innerjoin=True),
    orm.selectinload,
    orm.subqueryload,
    orm.immediateload,
    orm.raiseload,
    orm.defaultload,
]
PATHS = [
    Author.books,
    Author.mentor,
    Book.author,
    Book.tags,
    Tag.books,
    Company.staff,
    Company.vehicles,
    Person.company,
]


def loadings() -> Iterator[sa.Select[Any]]:
    """Load each relationship by each strategy, in queries of several shapes."""
    for path, strategy in itertools.product(PATHS, STRATEGIES):
        entity = path.class_
        query = sa.select(entity).options(strategy(path))
        yield query
        yield query.where(entity.id < 100).order_by(entity.id.desc()).limit(2).offset(1)
        yield query.where(entity.id.in_([1, 2])).execution_options(populate_existing=True)
    for first, second in itertools.product(STRATEGIES[:5], STRATEGIES[:5]):
        yield sa.select(Author).options(
            first(Author.books).options(second(Book.tags), orm.load_only(Book.title))
        )


def related() -> Iterator[sa.Select[Any]]:
    """Query by each relationship, and along it."""
    for path in PATHS:
        entity = path.class_
        target = path.property.mapper.class_
        by = path.any if path.property.uselist else path.has
        yield sa.select(entity).where(by())
        yield sa.select(entity).where(~by(target.id == 1))
        if target is entity:
            continue
        yield sa.select(entity, target).join(path)
        yield sa.select(entity).outerjoin(path).options(orm.contains_eager(path))
        yield sa.select(entity).join(path.of_type(aliased(target))).distinct()
        yield sa.select(sa.func.count()).select_from(sa.select(entity).join(path).subquery())


def entities() -> Iterator[sa.Select[Any]]:
    """Query entities, aliases, hierarchies and parts of rows."""
    other = aliased(Author, name="other")
    everyone = orm.with_polymorphic(Person, [Engineer, Manager])
    flat = orm.with_polymorphic(Person, "*", flat=True)
    yield sa.select(Author, other).join(Author.mentor.of_type(other))
    yield sa.select(Author).where(Author.mentor == None)  # noqa: E711
    yield sa.select(Author.name, Author.book_count).order_by(Author.book_count.desc())
    yield sa.select(Author).options(orm.undefer(Author.biography), orm.defer(Author.name))
    yield sa.select(Author).options(orm.undefer_group("all"), orm.load_only(Author.name))
    yield sa.select(orm.Bundle("b", Book.title, Book.price)).where(Book.price > 1)
    yield sa.select(Book).where(Book.details["n"].as_integer() == 1)
    yield sa.select(Book).options(
        orm.with_loader_criteria(Book, Book.stock == 0, include_aliases=True)
    )
    yield sa.select(Person)
    yield sa.select(Engineer).where(Engineer.name == "e")
    yield sa.select(everyone).where(everyone.Engineer.language == "SQL")
    yield sa.select(flat).join(flat.company)
    yield sa.select(Person).options(orm.selectin_polymorphic(Person, [Engineer, Manager]))
    yield sa.select(Company).options(orm.selectinload(Company.staff.of_type(everyone)))
    yield sa.select(Company).join(Company.staff.of_type(Engineer)).where(Engineer.language == "C")
    yield sa.select(Vehicle)
    yield sa.select(Truck).where(Truck.load > 1)
    yield sa.select(Book).from_statement(sa.text("SELECT * FROM book ORDER BY title"))
    yield sa.select(Book).from_statement(sa.union(sa.select(Book), sa.select(Book)))
    numbered = sa.select(
        Book, sa.func.row_number().over(partition_by=Book.author_id, order_by=Book.price).label("n")
    ).subquery()
    yield sa.select(aliased(Book, numbered)).where(numbered.c.n == 1)
    chain = sa.select(Author.id, Author.mentor_id).cte("chain", recursive=True)
    up = aliased(Author)
    chain = chain.union_all(sa.select(up.id, up.mentor_id).where(up.id == chain.c.mentor_id))
    yield sa.select(Author).join(chain, chain.c.id == Author.id)
    for options in ({}, {"skip_locked": True, "of": Book}, {"key_share": True}):
        yield sa.select(Book).where(Book.id == 1).with_for_update(**options)


def touch(row: Any) -> None:
    """Load what is lazy about an entity."""
    for name in ("books", "tags", "staff", "vehicles", "author", "mentor", "company", "biography"):
        if hasattr(type(row), name):
            try:
                value = getattr(row, name)
            except sa.exc.InvalidRequestError:
                continue  # raiseload
            for one in value if isinstance(value, list) else [value]:
                getattr(one, "language", None)


def test_an_orm_read_is_safe(session: Session, sent: Sent) -> None:
    for query in itertools.chain(loadings(), related(), entities()):
        for row in session.execute(query).unique().scalars().fetchmany(5):
            touch(row)
        session.expunge_all()
    assert len(set(sent.texts)) > 150
    assert sent.above(RiskLevel.SAFE) == {}


def test_a_read_through_query_or_session_is_safe(session: Session, sent: Sent) -> None:
    books = session.query(Book).filter_by(stock=0)
    assert books.count() == 15
    assert books.order_by(Book.id).slice(2, 4).all()
    assert session.query(books.exists()).scalar()
    assert session.query(Book.title, sa.func.max(Book.price)).group_by(Book.title).first()
    assert session.query(Author).join(Author.books).filter(Book.price > 1).distinct().all()
    assert books.union(session.query(Book).filter(Book.price < 0)).all()
    assert session.query(Book).filter(Book.author.has(Author.name.like("A%"))).first()
    assert list(session.query(Book).yield_per(4))
    book = session.get(Book, 1)
    assert book is not None
    session.refresh(book, ["title", "tags"])
    session.refresh(book, with_for_update=True)
    session.expire(book)
    assert session.get(Book, 1, options=[orm.joinedload(Book.author)], populate_existing=True)
    assert session.scalars(sa.select(Tag).where(orm.with_parent(book, Book.tags))).all()
    assert session.connection().execute(sa.text("SHOW server_version")).scalar()
    with session.begin_nested():
        session.merge(book)
    assert sent.above(RiskLevel.SAFE) == {}


def test_a_unit_of_work_writes_by_key(session: Session, sent: Sent) -> None:
    author = session.get(Author, 2)
    assert author is not None
    author.name = "New"
    author.books[0].price = Book.price + 1
    author.books[1].details = {"n": 2}
    author.books[2].tags.pop()
    author.books[0].tags.append(Tag(label="added"))
    session.flush()
    author.books.pop()
    author.mentor = None
    session.flush()
    for book in session.scalars(sa.select(Book).limit(4)):
        book.stock += 1
    engineer = session.scalars(sa.select(Engineer)).one()
    engineer.name, engineer.language = "n", "C"
    session.flush()
    session.delete(engineer)
    session.delete(session.scalars(sa.select(Truck)).one())
    session.delete(author)
    session.add_all([Tag(label=str(number)) for number in range(50)])
    session.commit()
    writes = {text for text in sent.texts if not text.startswith("SELECT")}
    assert len(writes) > 12
    assert {classify(text).level for text in writes} == {RiskLevel.LOW}
    assert sent.above(RiskLevel.LOW) == {}


def keyed_writes() -> Iterator[Any]:
    """Change rows by key, in the forms that an application may choose from."""
    some = sa.select(Book.id).where(Book.title == "a")
    for by in (
        Book.id == 1,
        Book.id.in_([1, 2]),
        Book.id == sa.any_(pg.array([1, 2])),
        sa.tuple_(Book.id, Book.title).in_([(1, "a")]),
        sa.and_(Book.author_id == 1, Book.title == "a"),
        Book.title.like("a%"),
        Book.price.between(1, 2),
        Book.author_id.is_(None),
        Book.details["n"].as_integer() == 1,
        Book.id.in_(sa.select(book_tag.c.book_id).where(book_tag.c.tag_id == 1)),
        sa.exists().where(book_tag.c.book_id == Book.id, book_tag.c.tag_id == 1),
        Book.author.has(Author.name == "a"),
        Book.tags.any(Tag.label == "new"),
        Book.id == sa.select(sa.func.max(Book.id)).where(Book.stock > 5).scalar_subquery(),
        sa.and_(Book.stock >= 1, sa.or_(Book.id == 1, Book.id == 2)),
    ):
        yield sa.delete(Book).where(by)
        yield sa.delete(Book).where(by).returning(Book.id, Book.title)
        yield sa.update(Book).where(by).values(stock=Book.stock + 1)
        yield sa.update(Book).where(by).values(price=2).returning(Book)
    yield (
        sa.update(Book)
        .where(Book.id == 1)
        .values(
            stock=sa.select(sa.func.count()).select_from(Tag).scalar_subquery(),
            title=sa.case((Book.stock > 1, "many"), else_="few"),
            details=sa.func.jsonb_set(Book.details, ["n"], sa.cast("1", pg.JSONB)),
        )
    )
    yield sa.update(Book).where(Book.author_id == Author.id, Author.name == "a").values(stock=1)
    yield sa.delete(Book).where(Book.author_id == Author.id, Author.name == "a")
    yield sa.delete(book_tag).where(book_tag.c.book_id == 1, book_tag.c.tag_id == 2)
    yield sa.delete(Book).where(Book.id == sa.bindparam("x", 1))
    old = some.cte("old")
    yield sa.delete(Book).where(Book.id.in_(sa.select(old.c.id))).add_cte(old)
    gone = sa.delete(Book).where(Book.id == 99).returning(Book.id).cte("gone")
    yield sa.select(gone.c.id)
    yield sa.insert(Tag).from_select(["label"], sa.select(Book.title).where(Book.id == -1))
    yield sa.insert(Tag).values([{"label": "x1"}, {"label": "x2"}]).returning(Tag.id)
    yield pg.insert(Tag).values(label="x").on_conflict_do_nothing()
    yield pg.insert(Tag).values(label="x").on_conflict_do_nothing(index_elements=["label"])
    added = sa.insert(Tag).values(label="x3").returning(Tag.id).cte("added")
    yield sa.select(added)


@pytest.mark.parametrize("synchronize", ["auto", "fetch", False])
def test_a_keyed_write_is_low(session: Session, sent: Sent, synchronize: Any) -> None:
    for statement in keyed_writes():
        with session.begin_nested():
            if isinstance(statement, (sa.Update, sa.Delete)):
                statement = statement.execution_options(synchronize_session=synchronize)
            taken = len(sent.texts)
            session.execute(statement).close()
            # "fetch" and "auto" may read first.
            *reads, text = sent.texts[taken:]
            assert classify(text).level is RiskLevel.LOW, text
            assert {classify(read).level for read in reads} <= {RiskLevel.SAFE}
            session.expunge_all()
    assert len(set(sent.texts)) > 60


def test_many_rows_at_once_are_low(session: Session, sent: Sent) -> None:
    rows = [{"label": f"bulk {number}"} for number in range(2_500)]
    session.execute(sa.insert(Tag), rows)
    session.execute(sa.insert(Tag).returning(Tag.id), [{"label": f"r{n}"} for n in range(100)])
    session.execute(sa.update(Tag), [{"id": 1, "label": "a"}, {"id": 2, "label": "b"}])
    session.bulk_insert_mappings(Tag, [{"label": "m"}])
    session.bulk_update_mappings(Tag, [{"id": 1, "label": "c"}])
    by_key = sa.delete(Tag.__table__).where(Tag.id == sa.bindparam("key"))
    session.connection().execute(by_key, [{"key": 98}, {"key": 99}])
    assert len(sent.texts) >= 8
    assert {classify(text).level for text in sent.texts} == {RiskLevel.LOW}


def test_a_write_without_a_key_is_not_low(session: Session, sent: Sent) -> None:
    overwriting = pg.insert(Tag).values(label="new")
    session.execute(
        overwriting.on_conflict_do_update(
            index_elements=["label"], set_={"label": overwriting.excluded.label}
        )
    )
    assert [classify(text).level for text in sent.take()] == [RiskLevel.HIGH]
    session.execute(sa.update(Book).values(stock=1))
    session.execute(sa.delete(book_tag))
    session.execute(sa.delete(Book).where(sa.true()))
    assert {classify(text).level for text in sent.take()} == {RiskLevel.CRITICAL}


def test_reflection_is_safe(engine: sa.Engine, sent: Sent) -> None:
    inspector = sa.inspect(engine)
    sa.MetaData().reflect(engine, views=True)
    for name in ("schema_names", "table_names", "view_names", "sequence_names"):
        getattr(inspector, f"get_{name}")()
    inspector.get_materialized_view_names()
    inspector.get_temp_table_names()
    for name in (
        *("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints"),
        *("check_constraints", "table_comment"),
    ):
        getattr(inspector, f"get_{name}")("book")
        getattr(inspector, f"get_multi_{name}")()
    inspector.get_enums()
    inspector.get_domains()
    inspector.get_table_oid("book")
    assert inspector.has_table("book")
    assert inspector.has_index("author", "ix_author_name")
    assert inspector.has_sequence("none") is False
    assert inspector.has_schema("public")
    assert len(set(sent.texts)) > 15
    assert sent.above(RiskLevel.SAFE) == {}


def test_a_connection_sets_itself_up_with_safe_statements(make_engine: Any) -> None:
    engine = make_engine(isolation_level="REPEATABLE READ")
    sent = Sent(engine)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        connection.execute(sa.text("SET LOCAL statement_timeout = '5s'"))
    assert sent.above(RiskLevel.SAFE) == {}


def test_creating_and_dropping_a_schema_have_their_levels(make_engine: Any) -> None:
    engine = make_engine()
    sent = Sent(engine)
    Base.metadata.create_all(engine)
    first = {text.split()[1]: classify(text).level for text in sent.take() if "pg_" not in text}
    assert first == {
        "TABLE": RiskLevel.LOW,
        "INDEX": RiskLevel.HIGH,
        "ON": RiskLevel.LOW,
    }
    Base.metadata.drop_all(engine)
    dropped = [text for text in sent.take() if "DROP" in text]
    assert len(dropped) == len(Base.metadata.tables)
    assert {classify(text).level for text in dropped} == {RiskLevel.CRITICAL}
