"""Foreign-data wrappers, servers and user mappings come back, without what may be a secret."""

from __future__ import annotations

import pytest

from testing.recreating import assert_comes_back, objects_of, run

WRAPPER = "CREATE FOREIGN DATA WRAPPER away VALIDATOR pg_catalog.postgresql_fdw_validator;"
ANYTHING = "CREATE FOREIGN DATA WRAPPER anything;"

SCRIPTS = {
    "wrappers": """
        CREATE SCHEMA shop;
        CREATE FOREIGN DATA WRAPPER "Bare one";
        CREATE FOREIGN DATA WRAPPER checked VALIDATOR pg_catalog.postgresql_fdw_validator;
        CREATE FOREIGN DATA WRAPPER told OPTIONS (debug 'true', "Log file" 'it''s \\ there');
    """,
    "servers": WRAPPER
    + """
        CREATE SERVER "far Away" TYPE 'it''s' VERSION '9' FOREIGN DATA WRAPPER away
            OPTIONS (host 'example.org', dbname 'a=b', port '5433');
        CREATE SERVER plain FOREIGN DATA WRAPPER away;
    """,
    "user mappings": WRAPPER
    + """
        CREATE SERVER far FOREIGN DATA WRAPPER away;
        CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ("user" 'O''Brien');
        CREATE USER MAPPING FOR postgres SERVER far;
    """,
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_what_was_dropped_comes_back(connect, dsn, what):
    assert_comes_back(connect(), dsn, SCRIPTS[what])


@pytest.mark.parametrize("what", SCRIPTS)
def test_two_readings_of_the_same_database_are_equal(connect, what):
    connection = connect()
    run(connection, SCRIPTS[what])
    assert objects_of(connection) == objects_of(connection)


def test_wrappers_with_a_handler_come_back(connect, dsn):
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_available_extensions WHERE name = 'file_fdw'")
        if not cursor.fetchall():
            pytest.skip("this server has no file_fdw")
    connection.rollback()
    script = """
        CREATE FUNCTION shop.handler() RETURNS fdw_handler LANGUAGE c
            AS '$libdir/file_fdw', 'file_fdw_handler';
        CREATE FUNCTION shop."Validator"(text[], oid) RETURNS void LANGUAGE c
            AS '$libdir/file_fdw', 'file_fdw_validator';
        CREATE FOREIGN DATA WRAPPER files HANDLER shop.handler VALIDATOR shop."Validator";
        CREATE SERVER here FOREIGN DATA WRAPPER files;
    """
    assert_comes_back(connection, dsn, script, "CREATE SCHEMA shop")


@pytest.mark.parametrize(
    ("made", "altered", "changed"),
    [
        (
            WRAPPER,
            "ALTER FOREIGN DATA WRAPPER away NO VALIDATOR",
            "functions of foreign-data wrapper away",
        ),
        (
            f"{ANYTHING} CREATE SERVER far VERSION '1' FOREIGN DATA WRAPPER anything",
            "ALTER SERVER far VERSION '2'",
            "version of server far",
        ),
        (
            f"{ANYTHING} CREATE SERVER far FOREIGN DATA WRAPPER anything",
            "ALTER SERVER far VERSION '2'",
            "version of server far",
        ),
        (
            f"{ANYTHING} CREATE SERVER far FOREIGN DATA WRAPPER anything OPTIONS (\"Host\" 'a')",
            "ALTER SERVER far OPTIONS (SET \"Host\" 'b')",
            "option Host of server far",
        ),
        (
            f"{WRAPPER} CREATE SERVER far FOREIGN DATA WRAPPER away;"
            "CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (\"user\" 'a')",
            "ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (SET \"user\" 'b')",
            "option user of user mapping for public on far",
        ),
    ],
)
def test_a_change_is_given_back_in_place(connect, made, altered, changed):
    connection = connect()
    run(connection, made)
    before = {item.identity: item for item in objects_of(connection)}
    run(connection, altered)
    after = {item.identity: item for item in objects_of(connection)}
    (item,) = (item for name, item in before.items() if not after[name].is_like(item))
    assert item.identity == changed
    run(connection, *(() if item.replaces else after[changed].drop), *item.ddl)
    again = {item.identity: item for item in objects_of(connection)}
    assert again == before


SECRETS = {
    "server": (
        "CREATE SERVER far FOREIGN DATA WRAPPER anything OPTIONS ({})",
        ["password", "PASSFILE", "sslpassword", "client_secret", "api_token", "s3_key", "pwd"],
    ),
    "wrapper": (
        "CREATE FOREIGN DATA WRAPPER other OPTIONS ({})",
        ["aws_secret_access_key", "private_file", "credentials", "authorization"],
    ),
    # What isn't known to be harmless may be a password under any name.
    "user mapping": (
        "CREATE SERVER far FOREIGN DATA WRAPPER anything;"
        "CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ({})",
        ["password", "passfile", "sslpassword", "token", "sslkey", "anything", "kennwort"],
    ),
}


@pytest.mark.parametrize("what", SECRETS)
def test_what_may_be_a_secret_is_in_no_object(connect, what):
    connection = connect()
    create, names = SECRETS[what]
    run(connection, ANYTHING, create.format(", ".join(f"\"{name}\" 'hunter2'" for name in names)))
    found = objects_of(connection)
    assert "hunter2" not in repr(found)
    withheld = [item.identity.split()[1] for item in found if item.kind == "withheld"]
    assert withheld == names


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://me:hunter2@example.org/shop",
        "https://hunter2@example.org",
        "host=example.org password=hunter2",
        "jdbc:sqlserver://example.org;user=me;Password = hunter2",
        "https://example.org/list?api_key=hunter2",
        "https://example.org/?sig=hunter2",
        '{"secret": 1, "token": "hunter2"}',
        "-----BEGIN PRIVATE KEY-----hunter2",
    ],
)
def test_a_secret_inside_of_a_value_is_in_no_object(connect, value):
    connection = connect()
    run(
        connection,
        ANYTHING,
        f"CREATE SERVER far FOREIGN DATA WRAPPER anything OPTIONS (location $${value}$$, x 'y')",
    )
    found = objects_of(connection)
    assert "hunter2" not in repr(found)
    assert "option x of server far" in {item.identity for item in found}


def test_that_a_password_is_required_is_no_secret(connect):
    connection = connect()
    run(
        connection,
        ANYTHING,
        "CREATE SERVER far FOREIGN DATA WRAPPER anything OPTIONS (password_required 'false')",
    )
    assert "withheld" not in {item.kind for item in objects_of(connection)}


def test_options_that_the_role_may_not_read_are_told_from_none(connect, postgres_maintenance):
    role = "reader_of_mappings"
    postgres_maintenance.cursor().execute(f"CREATE ROLE {role}")
    connection = connect()
    try:
        run(
            connection,
            ANYTHING,
            "CREATE SERVER far FOREIGN DATA WRAPPER anything",
            "CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (\"user\" 'a')",
            f"CREATE USER MAPPING FOR {role} SERVER far",
            f"GRANT USAGE ON FOREIGN SERVER far TO {role}",
            f"SET ROLE {role}",
        )
        withheld = [item.identity for item in objects_of(connection) if item.kind == "withheld"]
        assert withheld == ["options of user mapping for public on far"]
    finally:
        run(connection, "RESET ROLE", "DROP SERVER far CASCADE")
        postgres_maintenance.cursor().execute(f"DROP ROLE {role}")
