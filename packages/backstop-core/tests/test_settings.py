"""Wrong settings are refused before anything happens, by the name of the parameter."""

from __future__ import annotations

import asyncio
import threading

import pytest

import backstop
from backstop.context import current
from backstop.modes import Action, Unknown, decide
from backstop.patterns import matches
from backstop.settings import build_settings

GOOD = {"storage": "file:///tmp/nowhere", "actor": "tester"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("STORAGE", "ACTOR", "MODE", "OPAQUE", "REHEARSE", "AUDIT", "ENCRYPT_TO", "REDACT"):
        monkeypatch.delenv(f"BACKSTOP_{name}", raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("storage", None),
        ("storage", "ftp://x"),
        ("storage", "folder"),
        ("actor", None),
        ("actor", "  "),
        ("mode", "guard"),
        ("snapshot_at", "SEVERE"),
        ("on_snapshot_failure", "ignore"),
        ("opaque", "refuse"),
        ("opaque", None),
        ("rehearse", "yes"),
        ("rehearse", 1),
        ("rehearse", None),
        ("lock_timeout", 0),
        ("lock_timeout", "5s"),
        ("snapshot_timeout", -1),
        ("max_snapshot_bytes", 1.5),
        ("max_rows", 0),
        ("max_rows", True),
        ("max_fraction", 0),
        ("max_fraction", 1.1),
        ("protected_tables", "users"),
        ("protected_tables", None),
        ("protected_tables", [""]),
        ("protected_columns", "email"),
        ("protected_columns", b"email"),
        ("protected_columns", ["email", 7]),
        ("protected_columns", None),
        ("protected_columns", 7),
        ("redact", "users.ssn"),
        ("redact", [""]),
        ("redact", None),
        ("protected_table", ["users"]),
        ("audit", "/var/log/audit.jsonl"),
        ("audit", "s3://bucket/audit.jsonl"),
        ("audit", "file:///var/log/"),
        ("audit", "file://audit.jsonl"),
        ("audit", 7),
        ("on_event", "print"),
        ("on_event", [print, None]),
        ("on_event", None),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(backstop.ConfigurationError, match=name):
        build_settings(**{**GOOD, name: value})


def test_protected_names_are_kept_as_they_were_given():
    names = {"protected_tables": ["billing.*"], "protected_columns": ("users.email", "*_secret")}
    thresholds = build_settings(**GOOD, **names).thresholds
    assert thresholds.protected_tables == ("billing.*",)
    assert thresholds.protected_columns == ("users.email", "*_secret")
    default = build_settings(**GOOD).thresholds
    assert (default.protected_tables, default.protected_columns) == ((), ())


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("email", True),
        ("users.email", True),
        ("public.users.email", True),
        ("e*", True),
        ("users.*", True),
        ("public.*.email", True),
        ("public.*.*", True),
        ("*", True),
        ("public.*", False),
        ("p*", False),
        ("u*", False),
        ("mail", False),
        ("EMAIL", False),
        ("billing.email", False),
        ("other.users.email", False),
    ],
)
def test_a_pattern_means_as_much_of_a_column_as_it_has_dots(pattern, matched):
    assert matches([pattern], "public", "users", "email") is matched
    assert matches(["nothing", pattern], "public", "users", "email") is matched


def test_a_pattern_matches_tables_with_and_without_schema():
    for pattern in ("users", "us*", "public.users", "public.*", "*.users", "*"):
        assert matches([pattern], "public", "users"), pattern
    for pattern in ("public", "pub*", "user", "other.users"):
        assert not matches([pattern], "public", "users"), pattern
    assert not matches([], "public", "users")


def test_names_may_hold_dots():
    for pattern in ("a.b", "public.a.b", "public.*"):
        assert matches([pattern], "public", "a.b"), pattern
    assert matches(["users.a.b"], "public", "users", "a.b")


def test_the_environment_stands_in_for_arguments(monkeypatch):
    monkeypatch.setenv("BACKSTOP_STORAGE", "file:///tmp/from-environment")
    monkeypatch.setenv("BACKSTOP_ACTOR", "env")
    monkeypatch.setenv("BACKSTOP_MODE", "block")
    monkeypatch.setenv("BACKSTOP_AUDIT", "file:///var/log/audit%20file.jsonl")
    settings = build_settings()
    assert settings.audit == "/var/log/audit file.jsonl"
    assert build_settings(audit=None).audit is None
    assert (settings.storage.url, settings.actor) == ("file:///tmp/from-environment", "env")
    assert settings.mode is backstop.Mode.BLOCK
    assert build_settings(actor="argument").actor == "argument"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("true", True), ("1", True), ("True", True), ("false", False), ("0", False), ("", False)],
)
def test_the_environment_decides_about_what_the_text_does_not_tell(word, expected, monkeypatch):
    default = build_settings(**GOOD)
    assert (default.refuse_opaque, default.rehearse) == (False, False)
    monkeypatch.setenv("BACKSTOP_OPAQUE", "block")
    monkeypatch.setenv("BACKSTOP_REHEARSE", word)
    settings = build_settings(**GOOD)
    assert (settings.refuse_opaque, settings.rehearse) == (True, expected)
    settings = build_settings(**GOOD, opaque="allow", rehearse=not expected)
    assert (settings.refuse_opaque, settings.rehearse) == (False, not expected)


@pytest.mark.parametrize(("name", "word"), [("OPAQUE", "maybe"), ("REHEARSE", "maybe")])
def test_a_wrong_variable_is_named(name, word, monkeypatch):
    monkeypatch.setenv(f"BACKSTOP_{name}", word)
    with pytest.raises(backstop.ConfigurationError, match=name.lower()):
        build_settings(**GOOD)


MODES = {
    ("protect", "SAFE"): "run",
    ("protect", "HIGH"): "run",
    ("protect", "IMPACT_CRITICAL"): "snapshot",
    ("protect", "CRITICAL"): "snapshot",
    ("monitor", "SAFE"): "run",
    ("monitor", "CRITICAL"): "run",
    ("block", "SAFE"): "run",
    ("block", "HIGH"): "run",
    ("block", "IMPACT_CRITICAL"): "block",
    ("block", "CRITICAL"): "block",
}


@pytest.mark.parametrize(("key", "action"), MODES.items())
def test_each_mode_does_what_the_table_says(key, action):
    mode, level = backstop.Mode(key[0]), backstop.RiskLevel(key[1])
    threshold = backstop.RiskLevel.IMPACT_CRITICAL
    assert decide(mode, level, threshold, allowed=False) is Action(action)


def test_what_is_allowed_passes_block_with_a_snapshot():
    threshold = backstop.RiskLevel.IMPACT_CRITICAL
    action = decide(backstop.Mode.BLOCK, backstop.RiskLevel.CRITICAL, threshold, allowed=True)
    assert action is Action.SNAPSHOT


@pytest.mark.parametrize(
    ("mode", "level", "unknown", "allowed", "action"),
    [
        ("block", "HIGH", Unknown(can_be_seen=True, is_refused=True), False, "rehearse"),
        ("block", "HIGH", Unknown(is_refused=True), False, "block"),
        ("block", "HIGH", Unknown(is_refused=True), True, "run"),
        ("block", "HIGH", Unknown(can_be_seen=True), True, "run"),
        ("block", "CRITICAL", Unknown(can_be_seen=True), False, "block"),
        ("protect", "HIGH", Unknown(is_refused=True), False, "run"),
        ("monitor", "HIGH", Unknown(is_refused=True), False, "run"),
    ],
)
def test_what_the_text_does_not_tell_matters_in_block_alone(mode, level, unknown, allowed, action):
    level = backstop.RiskLevel(level)
    threshold = backstop.RiskLevel.IMPACT_CRITICAL
    decided = decide(backstop.Mode(mode), level, threshold, allowed=allowed, unknown=unknown)
    assert decided is Action(action)


def test_levels_are_ordered_and_are_strings():
    levels = [backstop.RiskLevel(name) for name in
              ("SAFE", "LOW", "HIGH", "IMPACT_CRITICAL", "CRITICAL")]  # fmt: skip
    shuffled = [levels[3], levels[0], levels[4], levels[1], levels[2]]
    assert sorted(shuffled) == levels == list(backstop.RiskLevel)
    assert backstop.RiskLevel.HIGH > backstop.RiskLevel.LOW
    assert backstop.RiskLevel.HIGH == "HIGH"
    assert str(backstop.RiskLevel.HIGH) == "HIGH"


def test_an_actor_who_is_known_late_is_asked_for_at_each_statement():
    known = []
    with backstop.context(actor="service", step="a"):
        with backstop.context(actor=lambda: known[0] if known else None), backstop.allow("ticket"):
            assert current().actor == "service"
            known.append("user:42")
            found = current()
            assert (found.actor, found.allowed, found.attributes) == (
                "user:42",
                "ticket",
                {"step": "a"},
            )
            with backstop.context(actor="task"):
                assert current().actor == "task"
            with backstop.context(step="b"):
                assert current().actor == "user:42"
        assert current().actor == "service"


def test_allow_and_context_hold_for_the_block_and_nobody_else():
    seen = []
    with backstop.context(actor="user:42", request_id=7), backstop.allow(reason="ticket 1"):
        assert current().actor == "user:42"
        assert current().attributes == {"request_id": "7"}
        assert current().allowed == "ticket 1"
        with backstop.context(step="b"):
            assert current().attributes == {"request_id": "7", "step": "b"}
        thread = threading.Thread(target=lambda: seen.append(current().allowed))
        thread.start()
        thread.join()
    assert seen == [None]
    assert current().allowed is None


def test_tasks_do_not_share_what_is_allowed():
    async def allowed():
        with backstop.allow(reason="mine"):
            await asyncio.sleep(0.01)
            return current().allowed

    async def other():
        await asyncio.sleep(0.005)
        return current().allowed

    async def both():
        return await asyncio.gather(allowed(), other())

    assert asyncio.run(both()) == ["mine", None]


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_allow_wants_a_reason(reason):
    with pytest.raises(backstop.ConfigurationError, match="reason"), backstop.allow(reason=reason):
        pass
