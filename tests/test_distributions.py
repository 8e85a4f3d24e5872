"""The distributions are released together: one version, pinned, each complete by itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = {
    "backstop",
    "backstop-core",
    "backstop-django",
    "backstop-psycopg2",
    "backstop-sqlalchemy",
}


def read_project(name: str) -> dict[str, Any]:
    text = (ROOT / "packages" / name / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def requirements(project: dict[str, Any]) -> list[str]:
    extras = project.get("optional-dependencies", {}).values()
    return [*project["dependencies"], *(one for extra in extras for one in extra)]


def test_these_are_the_distributions() -> None:
    assert {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")} == DISTRIBUTIONS
    assert {read_project(name)["name"] for name in DISTRIBUTIONS} == DISTRIBUTIONS


def test_all_carry_one_version() -> None:
    assert len({read_project(name)["version"] for name in DISTRIBUTIONS}) == 1


@pytest.mark.parametrize("name", sorted(DISTRIBUTIONS))
def test_each_pins_the_others_to_its_own_version(name: str) -> None:
    project = read_project(name)
    ours = [one for one in requirements(project) if one.startswith("backstop")]
    assert ours or name == "backstop-core"
    for requirement in ours:
        pattern = rf"(backstop[-a-z0-9]*)(\[[a-z]+\])?=={re.escape(project['version'])}"
        match = re.fullmatch(pattern, requirement)
        assert match, f"{name} requires {requirement}"
        assert match.group(1) in DISTRIBUTIONS


def test_core_needs_no_driver_and_no_framework() -> None:
    needed = " ".join(read_project("backstop-core")["dependencies"]).lower()
    assert not re.search("psycopg|sqlalchemy|django|backstop", needed)


@pytest.mark.parametrize("name", sorted(DISTRIBUTIONS))
def test_each_says_what_it_is_and_what_it_may_be_used_for(name: str) -> None:
    folder = ROOT / "packages" / name
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
    project = read_project(name)
    assert project["requires-python"] == ">=3.9"
    assert project["license"] == "Apache-2.0"


@pytest.mark.parametrize("name", sorted(DISTRIBUTIONS - {"backstop"}))
def test_each_that_has_code_tells_type_checkers_that_it_is_typed(name: str) -> None:
    package = ROOT / "packages" / name / "src" / "backstop"
    if name != "backstop-core":
        package /= name.rpartition("-")[2]
        # Two distributions that ship one file would overwrite each other.
        assert not (package.parent / "__init__.py").exists()
    assert (package / "py.typed").is_file()
