"""The risk of SET and RESET, by the setting: ordinary ones are SAFE, unknown ones are not."""

from __future__ import annotations

from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.functions import listed
from backstop.levels import RiskLevel
from backstop.syntax.structure import folded, is_name, read_name, upper_at, words_at

# Forms with a syntax of their own that change no privilege and no meaning.
_HARMLESS = (
    ("TRANSACTION",),
    ("SESSION", "CHARACTERISTICS"),
    ("CONSTRAINTS",),
    ("TIME", "ZONE"),
    ("NAMES",),
    ("SCHEMA",),
    ("SEED",),
    ("XML", "OPTION"),
    ("CATALOG",),
)
_STRINGS = "standard_conforming_strings"


def judge_setting(source: Source, start: int, stop: int) -> Verdict:
    """Judge one SET or RESET."""
    tokens = source.tokens
    verdict = Verdict(tokens[start].upper)
    at = start + 1
    if any(words_at(tokens, at, *words) for words in _HARMLESS):
        return verdict
    if words_at(tokens, at, "SESSION", "AUTHORIZATION"):
        return _privileges(verdict, source, start, stop)
    at += 1 if upper_at(tokens, at) in ("SESSION", "LOCAL") else 0
    if any(words_at(tokens, at, *words) for words in _HARMLESS):
        return verdict
    if words_at(tokens, at, "SESSION", "AUTHORIZATION"):
        return _privileges(verdict, source, start, stop)
    if not is_name(tokens, at, stop):
        verdict.findings.append(source.finding(_unknown("what it names"), start, stop))
        return verdict
    setting = folded(tokens[at]).lower()
    if setting in ("role", "session_authorization"):
        return _privileges(verdict, source, start, stop)
    if setting == _STRINGS:
        return _strings(verdict, source, start, stop)
    if setting == "all" and verdict.operation == "RESET":
        return verdict
    # A setting with a dot in its name is an extension's or the application's own.
    name = read_name(tokens, at, stop)
    own = name is not None and name.stop - name.start > 1
    if not own and setting not in listed("settings.txt"):
        verdict.findings.append(source.finding(_unknown(setting), start, stop))
    return verdict


def _privileges(verdict: Verdict, source: Source, start: int, stop: int) -> Verdict:
    risk = Risk(
        "changes-role",
        RiskLevel.HIGH,
        f"{verdict.operation} changes whose privileges the session has.",
    )
    verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def changes_scanning(verdict: Verdict) -> bool:
    """Whether a statement changes where the strings of those after it end."""
    return any(finding.kind == "changes-scanning" for finding in verdict.findings)


def _strings(verdict: Verdict, source: Source, start: int, stop: int) -> Verdict:
    """Judge the setting that says where strings end; on is the default."""
    value = source.tokens[stop - 1].text.strip("'\"").lower()
    if verdict.operation == "SET" and value in ("on", "true", "1", "yes"):
        return verdict
    risk = Risk(
        "changes-scanning",
        RiskLevel.HIGH,
        f"{_STRINGS} changes where strings end: what follows can't be read with certainty. "
        "Leave it on, and write E'…' where backslashes are meant.",
    )
    verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _unknown(setting: str) -> Risk:
    return Risk(
        "unknown-setting",
        RiskLevel.HIGH,
        f"{setting} is not one of the settings that any session may change without harm.",
    )
