"""What can be run on this checkout. `python3 develop.py nox --list` shows it, and needs no nox."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
SUPPORTED = ["3.9", "3.10", "3.11", "3.12", "3.13"]
# Whatever reads the catalogs, which differ between versions of the server.
OF_OBJECTS = [
    "tests/test_tables_come_back.py",
    "tests/test_many_objects_come_back.py",
    "tests/test_partition_triggers.py",
    "tests/test_row_types_come_back.py",
    "tests/test_columns_since.py",
    "tests/test_column_order_comes_back.py",
    "tests/test_members_come_back.py",
    "tests/test_constraint_switches_come_back.py",
    "tests/test_materialized_views_come_back.py",
    "tests/test_large_objects.py",
    "tests/test_random_objects.py",
    "tests/test_application_schemas.py",
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("packages/*/tests/test_model_*.py")),
]
QUICK_BENCHMARKS = ("classifying", "guarding", "guarding_django", "saving")
COVERAGE_FILE = ROOT / ".cache" / "coverage"

os.environ["UV_PYTHON_DOWNLOADS"] = "never"
nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"  # uv sync removes what doesn't belong, so that reuse is safe
nox.options.sessions = ["lint", "typing", "docs", "build", "tests"]


def search_path() -> str:
    """Return PATH with pyenv's interpreters in the place of its shims.

    A shim fails unless its version has been activated; the interpreters themselves always work.
    """
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    shims = [folder for folder in folders if folder.name == "shims"]
    roots = [Path(os.environ[name]) for name in ("PYENV_ROOT",) if os.environ.get(name)]
    roots += [folder.parent for folder in shims]
    kept = [folder for folder in folders if folder not in shims]
    # By the module glob: unlike Path's, it passes over what this user may not look into.
    for root in roots:
        kept += map(Path, sorted(glob.glob(f"{root}/versions/*/bin")))
    return os.pathsep.join(dict.fromkeys(map(str, kept)))


def works(version: str) -> bool:
    """Tell whether there is an interpreter of that version, and whether it runs."""
    if version == current():
        return True
    program = shutil.which(f"python{version}")
    if program is None:
        return False
    try:
        done = subprocess.run([program, "-c", ""], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def current() -> str:
    """Return the version of the interpreter that runs nox."""
    return "{}.{}".format(*sys.version_info)


os.environ["PATH"] = search_path()
FOUND = [version for version in SUPPORTED if works(version)]
# The oldest and the newest; on a machine with a newer one only, that one.
CHOSEN = list(dict.fromkeys([FOUND[0], FOUND[-1]])) if FOUND else [current()]


def sync(session: nox.Session, *options: str) -> None:
    """Install the workspace, or a group of tools alone, into the session's environment."""
    place = session.virtualenv.location
    session.run_install(
        *("uv", "sync", "--quiet", "--no-default-groups", f"--python={place}", *options),
        env={"UV_PROJECT_ENVIRONMENT": place},
    )


def explain_choice(session: nox.Session) -> None:
    """Say which interpreters the tests run on, and why not on the others."""
    session.log(f"The tests run on Python {' and '.join(CHOSEN)}.")
    for version in SUPPORTED:
        if version not in FOUND:
            session.log(f"Skipped Python {version}: no working interpreter was found.")
        elif version not in CHOSEN:
            session.log(f"Skipped Python {version}: neither the oldest nor the newest (tests_all).")
    if not FOUND:
        session.warn(f"Python {current()} is newer than all that Backstop is tested on.")


@nox.session(python=CHOSEN)
def tests(session: nox.Session) -> None:
    """Test on the oldest and the newest Python found.

    The proofs take long, and mostly ask the server: the newest runs them, for all.
    """
    if session.python == CHOSEN[0]:
        explain_choice(session)
    sync(session, "--group=test")
    newest = session.python == CHOSEN[-1]
    session.run(
        *("pytest", "--numprocesses=2"),
        *([] if newest else ["-m", "not proof"]),
        *session.posargs,
        # Each driver has its turn under Django.
        env={"BACKSTOP_TEST_DRIVER": "psycopg" if newest else "psycopg2"},
    )


@nox.session(python=CHOSEN[-1])
def coverage(session: nox.Session) -> None:
    """Show which lines no test runs (by hand: it takes half as long again as the tests)."""
    sync(session, "--group=test")
    session.run(
        *("pytest", "--numprocesses=2", "--cov", "--cov-report=term-missing:skip-covered"),
        *session.posargs,
        env={"COVERAGE_FILE": str(COVERAGE_FILE)},
    )


@nox.session(python=SUPPORTED)
def tests_all(session: nox.Session) -> None:
    """Test on every supported Python that is installed."""
    sync(session, "--group=test")
    session.run("pytest", "--numprocesses=2", *session.posargs)


@nox.session(python=CHOSEN[-1])
def proofs(session: nox.Session) -> None:
    """Search wider than the tests do: each step, each object, more examples (by hand, an hour)."""
    sync(session, "--group=test")
    session.run(
        *("pytest", "--numprocesses=2", "--timeout=0", "-m", "proof"),
        *session.posargs,
        env={
            "BACKSTOP_PROOF_EVERY_OBJECT": "1",
            "BACKSTOP_PROOF_EVERY_STEP": "1",
            "BACKSTOP_PROOF_EXAMPLES": "500",
        },
    )


@nox.session(python=CHOSEN[-1])
def servers(session: nox.Session) -> None:
    """Test how objects come back on PostgreSQL 13, 15, 16 and 18 (by hand, ten minutes).

    What is not installed is fetched by npm. After `--`, other versions or options for pytest:
    `-- 14 17 -- -k check`.
    """
    sync(session, "--group=test")
    words = session.posargs
    split = words.index("--") if "--" in words else len(words)
    options = words[split + 1 :] or ["--numprocesses=2"]
    versions = words[:split] or ["13", "15", "16", "18"]
    session.run("python", "-m", "testing.servers", *versions, "--", *options, *OF_OBJECTS)


@nox.session(python=CHOSEN[-1])
def psycopg2_suite(session: nox.Session) -> None:
    """Compare guarded connections with plain ones by psycopg2's own tests (by hand, five minutes).

    pip fetches them from where it has its packages from.
    """
    sync(session, "--group=test")
    session.install("pip")
    session.run("python", "-m", "testing.psycopg2_suite", *session.posargs)


@nox.session(python=CHOSEN[-1])
def django_suite(session: nox.Session) -> None:
    """Compare Django with the app installed with Django without, by its own tests (by hand).

    pip fetches them from where it has its packages from; all of it takes twenty minutes.
    `-- --mode monitor basic queries` runs a part. BACKSTOP_TEST_DRIVER names the driver.
    """
    sync(session, "--group=test")
    session.install("pip", "tblib")
    session.run("python", "-m", "testing.django_suite", *session.posargs)


@nox.session(python=CHOSEN[-1])
def langchain(session: nox.Session) -> None:
    """Test LangChain's SQLDatabase on a guarded engine (by hand, as it brings fifty packages)."""
    sync(session, "--group=test")
    session.install("langchain-community>=0.4")
    session.run("pytest", "packages/backstop-sqlalchemy/tests/test_langchain.py")


@nox.session(python=CHOSEN[-1])
def sqlalchemy_suite(session: nox.Session) -> None:
    """Compare guarded engines with plain ones by SQLAlchemy's own tests (by hand, half an hour).

    pip fetches them from where it has its packages from. After `--`, other options: `--all` adds
    the tests of no database, an hour; `--drivers asyncpg --dialect-only` takes five minutes.
    """
    sync(session, "--group=test")
    session.install("pip")
    session.run("python", "-m", "testing.sqlalchemy_suite", *session.posargs)


@nox.session(python=CHOSEN)
def bench(session: nox.Session) -> None:
    """Measure side by side with peers; fails where a bound is broken (by hand).

    After `--`, the benchmark, `-- throughput`, and its options; without one, those of minutes run.
    """
    # The servers that most of them need are those of the tests.
    sync(session, "--group=test", "--group=bench")
    named = session.posargs[:1] if session.posargs[:1] and session.posargs[0][0] != "-" else []
    for name in named or QUICK_BENCHMARKS:
        options = session.posargs[len(named) :]
        session.run("python", "-m", f"benchmarks.{name}", "--check", *options)


@nox.session(python=CHOSEN[-1])
def faults(session: nox.Session) -> None:
    """Kill client, server and S3 endpoint at the steps of all work (by hand, half an hour or more).

    Says at how many points that was, and fails where anything is half done or left behind. Linux
    only. After `--`, other options: `--at-most 7` of each takes ten minutes, with `prune` one.
    """
    sync(session, "--group=test")
    session.run("python", "-m", "testing.fault_loop", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Disable each rule of the classifier; no test may miss one (by hand, ten minutes)."""
    sync(session, "--group=test")
    session.run("python", "-m", "testing.mutation", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and layout."""
    sync(session, "--only-group=lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of everything."""
    sync(session, "--group=test", "--group=typing", "--group=bench")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; every warning is an error."""
    sync(session, "--only-group=docs")
    # The theme's makers announce a next generation at every build. Never quieten it by --quiet:
    # warnings that aren't shown aren't counted, and strict would let them pass.
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "true"})


@nox.session
def build(session: nox.Session) -> None:
    """Build every distribution, check its metadata, and install each alone."""
    sync(session, "--only-group=build")
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run_install("uv", "build", "--quiet", "--all-packages", f"--out-dir={dist}")
    session.run("twine", "check", "--strict", *sorted(map(str, dist.glob("backstop*"))))
    session.run("python", "tests/distributions/check.py", str(dist), nox.virtualenv.UV)
