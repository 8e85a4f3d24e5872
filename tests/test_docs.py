"""The documentation: whole, linked, and true of the code as it is."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
from datetime import timedelta

import psycopg2
import pytest

import backstop
from backstop.cli._exits import Exit
from backstop.demo._shop import CUSTOMERS, ORDERS, checksums, open_shop
from backstop.storage._options import OPTIONS
from testing import command_line_page
from testing.documents import DOCS, PAGES, READMES, ROOT, at_storage, blocks, run_command

SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, email text, active boolean NOT NULL DEFAULT true);
INSERT INTO users (email) SELECT 'u' || g || '@example.org' FROM generate_series(1, 100) AS g;
CREATE TABLE orders (id serial PRIMARY KEY, user_id int REFERENCES users, total numeric);
INSERT INTO orders (user_id, total) SELECT g, g / 7.0 FROM generate_series(1, 100) AS g;
CREATE TABLE sessions (id int PRIMARY KEY, expires_at timestamptz);
INSERT INTO sessions SELECT g, now() - g * interval '1 day' FROM generate_series(-50, 50) AS g;
"""
# Roles belong to the whole server, on which other tests run at the same time.
ROLES = {name: f"{name}_{os.getpid()}" for name in ("app_agent", "reading_agent")}
IN_A_PROJECT = [page for page in PAGES + READMES if "<!-- django:" in page.read_text("utf-8")]
# The README of the checkout has a test of its own, on tables that its example can empty.
ALONE = [page for page in PAGES + READMES[1:] if page not in IN_A_PROJECT]
LOOSE = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
# Pages of commands for what happened before: somebody has destroyed something.
AFTER_AN_INCIDENT = {"restore.md", "incident.md"}
NAMES = (
    *(
        "STORAGE",
        "ACTOR",
        "MODE",
        "OPAQUE",
        "REHEARSE",
        "AUDIT",
        "ENCRYPT_TO",
        "REDACT",
        "IDENTITY",
        "DSN",
    ),
)
VARIABLES = tuple(f"BACKSTOP_{name}" for name in NAMES)


def named(pages):
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


def with_own_roles(sql):
    for name, own in ROLES.items():
        sql = re.sub(rf"\b{name}\b", own, sql)
    return sql


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture
def shop(connect, dsn, monkeypatch):
    connection = connect()
    connection.autocommit = True
    connection.cursor().execute(SHOP)
    monkeypatch.setenv("DATABASE_URL", dsn)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return connection


@pytest.fixture
def roles_go(postgres_maintenance):
    yield
    for role in ROLES.values():
        postgres_maintenance.cursor().execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def undisturbed_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


class Reader:
    """Does on one page what the page says, from its beginning to its end."""

    def __init__(self, setup, dsn, storage):
        self.setup = setup
        self.storage = storage
        self.variables = {"DATABASE_URL": dsn}
        self.names = {}
        # What a page says to put in the place of its examples.
        self.places = {}

    def follow(self, page):
        for block in blocks(page):
            step = getattr(self, f"do_{block.language}", None)
            if step is not None and block.runs:
                step(block)

    def do_python(self, block):
        source = "\n" * (block.line - 1) + at_storage(block.text, self.storage)
        exec(compile(source, str(block.page), "exec"), self.names)

    def do_sql(self, block):
        self.setup.cursor().execute(with_own_roles(block.text))

    def do_json(self, block):
        json.loads(block.text)

    def do_console(self, block):
        for command, output in block.commands():
            done = self.shell(command)
            if done is None:
                continue
            assert done.returncode == int(block.notes.get("exit", 0)), (block.place, done)
            if "compare" in block.notes:
                assert done.stdout.rstrip() == output.rstrip(), block.place

    def shell(self, command):
        command = at_storage(command, self.storage)
        for written, meant in self.places.items():
            command = command.replace(written, meant)
        if command.startswith("export BACKSTOP_"):
            name, _, value = command.partition(" ")[2].partition("=")
            dsn = self.variables["DATABASE_URL"]
            self.variables[name] = value.strip('"').replace("$DATABASE_URL", dsn)
            return None
        if not command.startswith("backstop "):
            return None
        if re.search(r"\bID\b", command):
            command = re.sub(r"\bID\b", backstop.snapshots.list(self.storage)[-1].id, command)
        return run_command(command, self.variables)


@pytest.mark.usefixtures("roles_go", "undisturbed_logging")
@pytest.mark.parametrize("page", named(ALONE))
def test_a_page_can_be_followed_word_for_word(page, shop, dsn, store):
    reader = Reader(shop, dsn, store)
    if page.name in AFTER_AN_INCIDENT:
        with contextlib.closing(psycopg2.connect(dsn)) as raw:
            backstop.guard(raw, store, "somebody").cursor().execute("DELETE FROM orders")
            raw.commit()
        reader.places = places("public.orders", backstop.snapshots.list(store)[-1])
    reader.follow(page)
    with shop.cursor() as cursor:
        for role in ROLES.values():
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
            if cursor.fetchone():
                cursor.execute(f"DROP OWNED BY {role}")


def places(table, snapshot):
    """Give what somebody puts into the page of an incident who knows a table and an hour."""
    hour = snapshot.created_at.replace(minute=0, second=0, microsecond=0)
    times = (f"{moment:%Y-%m-%dT%H:%M}" for moment in (hour, hour + timedelta(hours=1)))
    examples = ("shop.orders", "2026-05-01T14:00", "2026-05-01T15:00")
    return dict(zip(examples, (table, *times)))


@pytest.mark.parametrize("destroyed", [CUSTOMERS, ORDERS])
def test_the_incident_page_brings_a_table_back_by_its_name_and_the_hour(destroyed, dsn, store):
    with open_shop(dsn), contextlib.closing(psycopg2.connect(dsn)) as raw:
        raw.autocommit = True
        before = checksums(raw)
        agent = backstop.guard(raw, store, "demo-agent")
        agent.cursor().execute(f"DELETE FROM {ORDERS}")
        agent.cursor().execute(f"DROP TABLE {CUSTOMERS} CASCADE")
        assert checksums(raw)[destroyed] != before[destroyed]
        snapshots = backstop.snapshots.list(store)
        (snapshot,) = (one for one in snapshots if destroyed in one.tables)
        reader = Reader(raw, dsn, store)
        reader.places = {**places(destroyed, snapshot), " ID": f" {snapshot.id}"}
        reader.follow(DOCS / "operations" / "incident.md")
        assert checksums(raw)[destroyed] == before[destroyed]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("page", named(IN_A_PROJECT))
def test_a_page_about_django_holds_in_a_project(page, dsn, store):
    found = {block.notes["django"]: block for block in blocks(page) if "django" in block.notes}
    parts = psycopg2.extensions.parse_dsn(dsn)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD"} | {
        name: name.upper() for name in ("host", "port")
    }
    database = {names[name]: value for name, value in parts.items() if name in names}
    database["ENGINE"] = "django.db.backends.postgresql"
    script = "\n".join(
        [
            "INSTALLED_APPS = []",
            found["settings"].text,
            "import django, django.conf",
            "from django.core.management import call_command",
            f"django.conf.settings.configure(DATABASES={{'default': {database!r}}},"
            " INSTALLED_APPS=INSTALLED_APPS, BACKSTOP=BACKSTOP)",
            "django.setup()",
            "call_command('check')",
            found["code"].text,
        ]
    )
    script = at_storage(script, store)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    (snapshot,) = backstop.snapshots.list(store)
    assert (snapshot.operation, snapshot.rows) == ("DELETE", 100)
    assert snapshot.fate is backstop.snapshots.Fate.COMMITTED


def test_the_first_example_of_the_readme_loses_a_table_that_comes_back(shop, dsn, moto_url):
    shop.cursor().execute("DROP TABLE orders")
    cursor = shop.cursor()
    cursor.execute("TABLE users")
    before = sorted(cursor.fetchall())
    reader = Reader(shop, dsn, moto_url)
    example, commands = blocks(READMES[0])[:2]
    reader.do_python(example)
    assert reader.names["rows"] == [row for row in before if row[0] == 42]
    cursor.execute("TABLE users")
    assert cursor.fetchall() == []
    reader.do_console(commands)
    cursor.execute("TABLE users")
    assert sorted(cursor.fetchall()) == before


@pytest.mark.usefixtures("roles_go")
def test_the_role_of_the_docs_is_saved_from_and_owns_nothing(shop, dsn, store):
    page = DOCS / "concepts" / "guarantees-and-limits.md"
    role = ROLES["app_agent"]
    (sql, *_) = (block.text for block in blocks(page) if block.language == "sql")
    shop.cursor().execute(with_own_roles(sql))
    try:
        raw = psycopg2.connect(dsn, user=role)
    except psycopg2.OperationalError:
        pytest.skip("this server lets no role in without a password")
    with contextlib.closing(backstop.guard(raw, store, "a", on_snapshot_failure="raise")) as db:
        db.cursor().execute("DELETE FROM orders")
        db.commit()
        for forbidden in ("TRUNCATE sessions", "ALTER TABLE users ADD COLUMN a int"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                db.cursor().execute(forbidden)
            db.rollback()
        (snapshot,) = [s for s in backstop.snapshots.list(store) if s.rows == 100]
    assert backstop.restore(snapshot.id, storage=store, dsn=dsn).complete
    shop.cursor().execute(f"DROP OWNED BY {role}")


def test_every_page_is_in_the_navigation_and_none_is_missing():
    listed = re.findall(r"^ +- .*?: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", named(PAGES))
def test_a_page_starts_with_what_the_reader_came_for(page):
    title, _, rest = page.read_text(encoding="utf-8").partition("\n\n")
    assert title.startswith("# ")
    first = rest.partition("\n\n")[0]
    assert first[0] not in "#|`<-"
    assert len(first) < 400


@pytest.mark.parametrize("page", named([*PAGES, *READMES, *LOOSE]))
def test_links_within_the_checkout_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
            assert anchor in map(slug, headings), target


def slug(heading):
    kept = re.sub(r"[^\w\s-]", "", heading).strip().lower()
    return re.sub(r"[-\s]+", "-", kept)


@pytest.mark.parametrize("name", [*command_line_page.commands()])
def test_the_command_line_page_says_what_help_says(name):
    found = re.search(
        rf"^## {re.escape(name)}\n\n```text\n(.*?)\n```$",
        text_of("reference/command-line.md"),
        re.DOTALL | re.MULTILINE,
    )
    assert found, "write the page anew: python -m testing.command_line_page"
    assert plain(found[1]) == plain(command_line_page.help_of(name))


def plain(text):
    # Versions of click wrap lines and write choices and ranges in ways of their own.
    words = re.sub(r"\[default: |\[env var: |[\[\];]|\bx>0\b|\brequired\b", " ", text).lower()
    return sorted(words.split())


def test_no_command_is_left_out_or_invented():
    headings = re.findall(r"^## (.*)$", text_of("reference/command-line.md"), re.M)
    assert headings == list(command_line_page.commands())


@pytest.mark.parametrize("name", backstop.__all__)
def test_every_public_name_is_in_the_reference(name):
    assert re.search(rf"(`|backstop\.|^## ){name}\b", text_of("reference/api.md"), re.M)


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_documented(code):
    assert f"\n| {code.value} | " in text_of("reference/exit-codes.md")


def test_every_variable_and_every_setting_is_documented():
    from backstop.django.conf import ARGUMENTS, DATABASES

    page = text_of("reference/settings.md")
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in ROOT.glob("packages/*/src/**/*.py")
    )
    # DATABASE_URL and the like are the user's own.
    used = set(re.findall(r"environ\.get\(\"(BACKSTOP_\w+)\"|envvar=\"(BACKSTOP_\w+)\"", source))
    assert {name for pair in used for name in pair if name} == set(VARIABLES)
    for name in VARIABLES:
        assert f"| `{name}` |" in page
    for capitals, argument in ARGUMENTS.items():
        assert f"| `{argument}` | `{capitals}` |" in page
    assert f"`{DATABASES}`" in page


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_a_storage_url_is_documented(option):
    assert f"\n| `{option}` | " in text_of("operations/storage.md")


def test_every_field_of_the_manifest_is_documented(shop, dsn, store):
    with contextlib.closing(psycopg2.connect(dsn)) as raw:
        backstop.guard(raw, store, "a").cursor().execute("UPDATE users SET active = false")
        raw.commit()
    page = text_of("reference/manifest.md")
    folder = backstop.storage.open_storage(store)
    for area in ("manifests/", "outcomes/", "fates/"):
        (key,) = folder.list(area) if area != "fates/" else ("fates",)
        if key != "fates":
            document = json.loads(folder.get(key))
            assert [name for name in document if f"`{name}`" not in page] == []
            for table in document.get("tables", ()):
                assert [name for name in table if f"`{name}`" not in page] == []


def test_every_distribution_is_in_the_changelog_with_its_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {backstop.__version__} " in text
    for folder in ROOT.glob("packages/*"):
        assert f"\n### {folder.name}\n" in text


def test_no_page_names_a_place_of_its_makers():
    for page in [*PAGES, *READMES, ROOT / "CHANGELOG.md"]:
        assert not re.search(r"/work/|/home/|/root/|TODO|FIXME", page.read_text("utf-8")), page


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
