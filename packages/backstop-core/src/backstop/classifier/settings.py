"""The risk of SET and RESET, by the setting: ordinary ones are SAFE, unknown ones are not."""

from __future__ import annotations

import re

from backstop.classifier._source import Risk, Source, Verdict
from backstop.classifier.functions import listed
from backstop.levels import RiskLevel
from backstop.syntax.structure import folded, is_name, upper_at, words_at

# Forms with a syntax of their own that change no privilege and no meaning.
_HARMLESS = (
    ("TRANSACTION",),
    ("SESSION", "CHARACTERISTICS"),
    ("CONSTRAINTS",),
    ("TIME", "ZONE"),
    ("SCHEMA",),
    ("SEED",),
    ("XML", "OPTION"),
    ("CATALOG",),
)
_OF_SESSION = ("AUTHORIZATION", "CHARACTERISTICS")
_STRINGS = "standard_conforming_strings"
# In these, no byte of a longer character is a quote or a backslash.
_PLAIN_ENCODING = re.compile(
    r"default|utf8|unicode|sqlascii|(?:latin|iso8859|win(?:dows)?(?:125|866|874)|koi8|euc)[a-z0-9]*"
)
# A string that says what it means: no prefix, no escape.
_PLAIN_NAME = re.compile(r"'([a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*)'", re.IGNORECASE | re.ASCII)


def judge_setting(source: Source, start: int, stop: int) -> Verdict:
    """Judge one SET or RESET."""
    tokens = source.tokens
    verdict = Verdict(tokens[start].upper)
    at = start + 1
    if upper_at(tokens, at) in ("SESSION", "LOCAL") and upper_at(tokens, at + 1) not in _OF_SESSION:
        at += 1
    if any(words_at(tokens, at, *words) for words in _HARMLESS):
        return verdict
    if words_at(tokens, at, "SESSION", "AUTHORIZATION"):
        return _privileges(verdict, source, start, stop)
    if upper_at(tokens, at, stop) in ("NAMES", "CLIENT_ENCODING"):
        return _encoding(verdict, source, start, stop)
    if not is_name(tokens, at, stop) or tokens[at].text.upper().startswith("U&"):
        verdict.findings.append(source.finding(_unknown("what it names"), start, stop))
        return verdict
    setting = folded(tokens[at]).lower()
    if setting in ("role", "session_authorization"):
        return _privileges(verdict, source, start, stop)
    if setting == _STRINGS:
        return _strings(verdict, source, start, stop)
    if setting == "all" and verdict.operation == "RESET":
        return verdict
    own = upper_at(tokens, at + 1, stop) == "."
    if not own and not _is_ordinary(setting):
        verdict.findings.append(source.finding(_unknown(setting), start, stop))
    return verdict


def sets_ordinary(source: Source, bracket: int) -> bool:
    """Whether the call of set_config() that opens here names an ordinary setting, plainly."""
    name = _PLAIN_NAME.fullmatch(source.tokens[bracket + 1].text)
    return (
        name is not None
        and upper_at(source.tokens, bracket + 2) == ","
        and _is_ordinary(name[1].lower())
    )


def _is_ordinary(setting: str) -> bool:
    # One with a dot in its name is an extension's or the application's own.
    return "." in setting or setting in listed("settings.txt")


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
    if value in ("on", "true", "1", "yes"):
        return verdict
    risk = Risk(
        "changes-scanning",
        RiskLevel.HIGH,
        f"{_STRINGS} changes where strings end: what follows can't be read with certainty. "
        "Leave it on, and write E'…' where backslashes are meant.",
    )
    verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _encoding(verdict: Verdict, source: Source, start: int, stop: int) -> Verdict:
    """Judge the setting that says which bytes are which characters."""
    value = re.sub(r"[^a-z0-9]", "", source.tokens[stop - 1].text.lower())
    if verdict.operation == "RESET" or _PLAIN_ENCODING.fullmatch(value):
        return verdict
    risk = Risk(
        "changes-scanning",
        RiskLevel.HIGH,
        "In this client encoding a character may end in a quote or a backslash: what follows "
        "can't be read with certainty. Use UTF8.",
    )
    verdict.findings.append(source.finding(risk, start, stop))
    return verdict


def _unknown(setting: str) -> Risk:
    return Risk(
        "unknown-setting",
        RiskLevel.HIGH,
        f"{setting} is not one of the settings that any session may change without harm.",
    )
