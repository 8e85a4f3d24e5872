"""Sets up and runs what this checkout offers, with nothing but Python and a network.

python3 develop.py demo [options]        the demo: lose a table, and get it back
python3 develop.py test [pytest options] the tests, on the oldest and the newest Python found
python3 develop.py nox [nox options]     everything else: --list shows what there is

All that it installs goes into the folder .cache of this checkout, never into the system's Python.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

if sys.version_info < (3, 9):  # noqa: UP036 - the very first thing that a user may meet
    sys.exit(
        "Backstop needs Python 3.9 or newer; this is {}.{}. "
        "Run the same command with a newer one, such as python3.12.".format(*sys.version_info)
    )

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
TOOLS = CACHE / "tools"
REQUIREMENTS = ("nox>=2024.10.9", "uv>=0.5")
AFTERWORD = re.compile(r"nox > (?!Running session)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
CLOSING_LINE = re.compile(r"=+ .*\b(passed|failed|errors?|skipped|no tests ran)\b.* in [\d.]+s.*=+")


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    commands = {"demo": demo, "nox": nox, "test": test}
    if not arguments or arguments[0] not in commands:
        print(__doc__.strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        CACHE.mkdir(exist_ok=True)
        environment = clean_environment()
        prepare_tools(environment)
        return commands[arguments[0]](arguments[1:], environment)
    except PermissionError as error:
        return fail(f"{error.filename} can't be written. Work in a checkout that you own.")
    except KeyboardInterrupt:
        return 130


def demo(arguments: list[str], environment: dict[str, str]) -> int:
    """Run the demo in an environment of its own, made the first time."""
    place = CACHE / "demo"
    if not place.exists():
        say("Setting up the demo, the first time only ...")
    environment["UV_PROJECT_ENVIRONMENT"] = str(place)
    command = [tool("uv"), "run", "--quiet", "--project", str(ROOT), "--python", sys.executable]
    return subprocess.call(
        [*command, "--no-default-groups", "backstop", "demo", *arguments], env=environment
    )


def nox(arguments: list[str], environment: dict[str, str]) -> int:
    """Run nox's sessions of this checkout."""
    return subprocess.call([tool("nox"), *arguments], cwd=ROOT, env=environment)


def test(arguments: list[str], environment: dict[str, str]) -> int:
    """Run the tests; the last line is pytest's own summary."""
    environment["PYTHONUNBUFFERED"] = "1"
    if sys.stdout.isatty():
        environment.update(FORCE_COLOR="1", PY_COLORS="1")
    command = [tool("nox"), "--stop-on-first-error", "--session", "tests", "--", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        held = ""
        for line in process.stdout or ():
            plain = COLOURS.sub("", line)
            # What nox has to say at the end goes before pytest's closing line.
            if held and not AFTERWORD.match(plain):
                print(held, end="", flush=True)
                held = ""
            if CLOSING_LINE.fullmatch(plain.strip()):
                held = line
            else:
                print(line, end="", flush=True)
    print(held, end="", flush=True)
    return process.returncode


def clean_environment() -> dict[str, str]:
    """Give the environment for all that runs below: the user's, without what would lead astray."""
    environment = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "VIRTUAL_ENV"):
        environment.pop(name, None)
    environment["UV_PYTHON_DOWNLOADS"] = "never"
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if not os.path.isdir(environment.get("HOME", "")):
        home = CACHE / "home"
        home.mkdir(exist_ok=True)
        environment["HOME"] = str(home)
    elif not os.access(environment["HOME"], os.W_OK):
        environment.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))
        environment.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    return environment


def tool(name: str) -> str:
    """Give the path of a program among the tools."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return str(TOOLS / folder / name)


def prepare_tools(environment: dict[str, str]) -> None:
    """Install nox and uv into a virtual environment in .cache, unless they are there."""
    # A moved checkout or another Python needs a new one: virtual environments can't be moved.
    wanted = "\n".join([*REQUIREMENTS, sys.version, str(TOOLS)])
    mark = TOOLS / "complete"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    say("Installing nox and uv into .cache, the first time only ...")
    problems = []
    for way in (with_venv, with_pip, with_uv):
        shutil.rmtree(TOOLS, ignore_errors=True)
        problem = way(environment)
        if problem is None:
            mark.write_text(wanted, encoding="utf-8")
            return
        problems.append(problem)
    shutil.rmtree(TOOLS, ignore_errors=True)
    listed = "\n".join(f"  - {problem}" for problem in problems)
    sys.exit(
        f"nox and uv could not be installed into {TOOLS}:\n{listed}\n"
        "Install one of these for this Python, and run the command again: the module venv "
        "(Debian and Ubuntu: apt install python3-venv), pip, or uv. All need a network to PyPI."
    )


def with_venv(environment: dict[str, str]) -> Optional[str]:
    """Use Python's own venv and the pip that comes with it."""
    return attempt(
        environment,
        [sys.executable, "-m", "venv", str(TOOLS)],
        [tool("python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS],
    )


def with_pip(environment: dict[str, str]) -> Optional[str]:
    """Use the system's pip, into a folder of ours, which no pip refuses."""
    place = CACHE / "uv-program"
    shutil.rmtree(place, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place)]
    problem = attempt(environment, [*command, REQUIREMENTS[-1]])
    return problem or install_with(str(place / "bin" / "uv"), environment)


def with_uv(environment: dict[str, str]) -> Optional[str]:
    """Use a uv that is installed already."""
    found = shutil.which("uv")
    return install_with(found, environment) if found else "uv: not on PATH"


def install_with(uv: str, environment: dict[str, str]) -> Optional[str]:
    """Let a uv make the environment."""
    return attempt(
        environment,
        [uv, "venv", "--quiet", "--python", sys.executable, str(TOOLS)],
        [uv, "pip", "install", "--quiet", "--python", tool("python"), *REQUIREMENTS],
    )


def attempt(environment: dict[str, str], *commands: list[str]) -> Optional[str]:
    """Run commands until one fails; return what it said, None when all succeeded."""
    for command in commands:
        name = " ".join(Path(word).name for word in command[:3])
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except OSError as error:
            return f"{name}: {error}"
        if done.returncode != 0:
            said = [line for line in done.stdout.splitlines() if line.strip()]
            return f"{name}: " + " ".join(said[:6])
    return None


def say(message: str) -> None:
    """Tell the user what takes its time; results alone go to standard output."""
    print(message, file=sys.stderr, flush=True)


def fail(message: str) -> int:
    """Say what went wrong and return the exit code for it."""
    say(message)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
