"""The settings and their system checks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core import checks
from django.db import connections

import backstop
from backstop.django import conf
from backstop.django.checks import check_settings
from backstop.settings import Options

if TYPE_CHECKING:
    from pathlib import Path

    from testing.postgres import Connect

LITE_MONITORED = {"lite": {"MODE": "monitor"}}


def found(ids: bool = True, **options: Any) -> list[str]:
    # Django's apps that other tests install have checks, too, and are gone again.
    messages = checks.run_checks(tags=["backstop"], **options)
    assert all(one.hint for one in messages)
    return [str(one.id if ids else one.msg) for one in messages]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE", "ACTOR", "MODE"):
        monkeypatch.delenv(f"BACKSTOP_{name}", raising=False)
    conf.guard_for.cache_clear()


def test_right_settings_pass(configure: Any) -> None:
    configure(DATABASES=LITE_MONITORED, LOCK_TIMEOUT=2, SNAPSHOT_AT="LOW", MAX_SNAPSHOT_BYTES=10**9,
              PROTECTED_COLUMNS=["users.email"])  # fmt: skip
    assert found() == []
    settings = conf.guard_for("default").settings
    assert (settings.actor, settings.limits.lock_timeout) == ("tester", 2.0)
    assert settings.thresholds.protected_columns == ("users.email",)
    assert conf.guard_for("lite").settings.mode is backstop.Mode.MONITOR


def test_a_library_that_a_setting_needs_is_asked_for(
    configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    configure(ENCRYPT_TO=["age1" + "q" * 58])
    (message,) = found(ids=False)
    assert "pip install" in message
    assert found() == ["backstop.E002"]


def test_every_argument_of_guard_has_a_setting() -> None:
    accepted = {"storage", "actor", "mode", *Options.__annotations__}
    assert set(conf.ARGUMENTS.values()) == accepted
    assert all(name == argument.upper() for name, argument in conf.ARGUMENTS.items())


def test_the_environment_stands_in(
    configure: Any, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(STORAGE=None, ACTOR=None, MODE=None)
    assert found() == ["backstop.E002"]
    monkeypatch.setenv("BACKSTOP_STORAGE", store)
    monkeypatch.setenv("BACKSTOP_ACTOR", "service")
    monkeypatch.setenv("BACKSTOP_MODE", "monitor")
    assert found() == []
    assert conf.guard_for("default").settings.actor == "service"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"STOARGE": "x"}, "BACKSTOP holds 'STOARGE', which is not a setting"),
        ({"storage": "x"}, "BACKSTOP holds 'storage', which is not a setting"),
        ({"DATABASES": {"lite": {"MDOE": "x"}}}, r"BACKSTOP\['DATABASES'\]\['lite'\] holds 'MDOE'"),
        ({"DATABASES": []}, r"BACKSTOP\['DATABASES'\] is a list: give a dict"),
    ],
)
def test_what_is_not_a_setting(configure: Any, values: Any, said: str) -> None:
    configure(**values)
    (message,) = check_settings()
    assert message.id == "backstop.E001"
    with pytest.raises(backstop.ConfigurationError, match=said):
        conf.guard_for("lite")


def test_backstop_is_a_dict(settings: Any) -> None:
    settings.BACKSTOP = "s3://bucket"
    assert found() == ["backstop.E001"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"STORAGE": None}, "storage is missing"),
        ({"STORAGE": "ftp://x"}, "storage"),
        ({"ACTOR": None}, "actor is missing"),
        ({"MODE": "protcet"}, "mode is 'protcet'"),
        ({"LOCK_TIMEOUT": -1}, "lock_timeout is -1"),
        ({"PROTECTED_COLUMNS": "email"}, "protected_columns is 'email'"),
    ],
)
def test_a_wrong_setting_is_said_once(configure: Any, values: Any, said: str) -> None:
    configure(**values)
    (message,) = check_settings()
    assert message.id == "backstop.E002"
    assert said in message.msg


def test_protect_on_a_database_that_cannot_be_saved(configure: Any) -> None:
    configure()
    (message,) = check_settings()
    assert message.id == "backstop.E003"
    assert message.msg.startswith("Database 'lite': mode is 'protect'")
    assert '"lite": {"MODE": "monitor"}' in str(message.hint)


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_both_drivers_can_be_protected(
    configure: Any, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    configure(DATABASES=LITE_MONITORED)
    monkeypatch.setattr(connections["default"], "Database", type(driver, (), {"__name__": driver}))
    assert check_settings() == []


def test_an_override_for_nothing(configure: Any) -> None:
    configure(DATABASES={**LITE_MONITORED, "replcia": {"MODE": "monitor"}})
    (message,) = check_settings()
    assert message.id == "backstop.E004"
    assert "'replcia'" in message.msg


@pytest.mark.usefixtures("orders")
def test_without_settings_no_statement_passes(open_alias: Any) -> None:
    connection = open_alias(STORAGE=None)
    for _ in range(2):
        with pytest.raises(backstop.ConfigurationError, match="storage is missing"):
            connection.cursor().execute("SELECT 1")


def deployed(**options: Any) -> list[str]:
    return found(include_deployment_checks=True, databases=["default"], **options)


def test_nothing_is_contacted_unless_it_is_asked_for(configure: Any) -> None:
    configure(DATABASES=LITE_MONITORED, STORAGE="s3://nobody@http://127.0.0.1:9")
    assert found() == []


def test_a_deployment_that_can_be_saved_passes(
    open_alias: Any, orders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_alias(DATABASES=LITE_MONITORED)
    assert deployed() == []


def test_a_storage_that_takes_nothing(open_alias: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    open_alias(DATABASES=LITE_MONITORED, STORAGE=(tmp_path / "file" / "store").as_uri())
    assert deployed() == ["backstop.E005"]
    open_alias(DATABASES=LITE_MONITORED, MODE="monitor")
    assert deployed() == []


def test_a_role_that_can_change_what_it_may_not_read(
    open_alias: Any, orders: None, connect: Connect
) -> None:
    with connect() as connected:
        role = f"{connected.info.dbname}_web"
        cursor = connected.cursor()
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'web'; GRANT DELETE ON orders TO {role}")
    try:
        open_alias(DATABASES=LITE_MONITORED)
        connections["default"].settings_dict.update(USER=role, PASSWORD="web")
        assert deployed() == ["backstop.E006", "backstop.W002"]
        connections["default"].settings_dict.update(PORT="1")
        assert deployed() == ["backstop.E006"]
        assert "web" not in " ".join(deployed(ids=False)).replace(role, "")
    finally:
        cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        connected.commit()
        connected.close()
