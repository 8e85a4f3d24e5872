"""The command line as a whole: help, exit codes, secrets; and classify, which needs nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple, NoReturn

import click
import pytest

import backstop
from backstop.cli import app, main
from backstop.cli._exits import MEANINGS, Exit, exit_for

VARIABLES = {"storage": "BACKSTOP_STORAGE", "dsn": "BACKSTOP_DSN"}


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("STORAGE", "DSN", "ACTOR", "MODE"):
        monkeypatch.delenv(f"BACKSTOP_{name}", raising=False)

    def call(*arguments: str, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = main(arguments)
        return Answer(code, *capsys.readouterr())

    return call


def commands(
    command: click.Command = app, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


ALL = list(commands())
VERBS = [(path, command) for path, command in ALL if not isinstance(command, click.Group)]


def test_every_promised_verb_is_there() -> None:
    assert sorted(" ".join(path) for path, _ in VERBS) == [
        "check",
        "classify",
        "demo",
        "preview",
        "restore",
        "snapshots diff",
        "snapshots export",
        "snapshots list",
        "snapshots pin",
        "snapshots prune",
        "snapshots show",
        "snapshots unpin",
        "snapshots verify",
    ]


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_command_explains_itself(
    run: Run, path: tuple[str, ...], command: click.Command, flag: str
) -> None:
    answer = run(*path, flag)
    assert (answer.code, answer.err) == (0, "")
    assert command.help
    words = " ".join(answer.out.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[-1] in words
            if parameter.envvar:
                assert f"env var: {parameter.envvar}" in words


@pytest.mark.parametrize(("path", "command"), VERBS, ids=[" ".join(path) for path, _ in VERBS])
def test_every_verb_speaks_json_and_reads_the_variables(
    path: tuple[str, ...], command: click.Command
) -> None:
    options = {option.name: option for option in command.params}
    # What is exported has a form of its own.
    assert "as_json" in options or path == ("snapshots", "export")
    for name, variable in VARIABLES.items():
        if name in options:
            # The demo destroys things: it takes no database that isn't named on its own line.
            assert options[name].envvar == (None if path == ("demo",) else variable)


def test_the_help_names_every_exit_code_and_variable(run: Run) -> None:
    text = run("--help").out
    assert all(f"{code.value}  " in text for code in MEANINGS)
    assert set(MEANINGS) == set(Exit)
    for name in ("STORAGE", "DSN", "ACTOR", "MODE"):
        assert f"BACKSTOP_{name}" in text


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"backstop {backstop.__version__}\n", "")


def test_the_module_can_be_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backstop", "classify", "DROP TABLE users", "--fail-at", "high"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("CRITICAL")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (backstop.ConfigurationError(""), 2),
        (backstop.UnsupportedConnection(""), 2),
        (backstop.SnapshotNotFound(""), 4),
        (backstop.AmbiguousSnapshot(""), 4),
        (backstop.SnapshotDamaged(""), 5),
        (backstop.ObjectNotFound(""), 5),
        (backstop.StorageUnreachable(""), 6),
        (backstop.StorageError(""), 6),
        (backstop.RestoreFailed(""), 1),
        (backstop.ConnectionFailed(""), 1),
        (backstop.MissingDistribution(""), 1),
        (RuntimeError(), 1),
    ],
)
def test_every_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_for(error) == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["snapshots", "nonsense"],
        ["snapshots", "list"],
        ["snapshots", "list", "--storage", "ftp://host/x"],
        ["snapshots", "show", "1", "--storage", "file:///tmp", "--sql", "--json"],
        ["snapshots", "prune", "--storage", "file:///tmp/x", "--keep-within", "30"],
        ["snapshots", "prune", "--storage", "file:///tmp/x", "--keep-within", "-1d"],
        ["snapshots", "prune", "--storage", "file:///tmp/x", "--keep-within", "99999999999w"],
        ["restore", "1", "--storage", "file:///tmp/x"],
        ["restore", "1", "--dsn", "dbname=x"],
        ["check"],
        ["classify"],
        ["classify", "SELECT 1", "--dialect", "klingon"],
        ["classify", "SELECT 1", "--fail-at", "DREADFUL"],
        ["classify", "-f", "/there/is/no/such/file"],
        ["classify", "SELECT 1", "-f", "-"],
        ["classify", "SELECT 1", "SELECT 2"],
        ["classify", "-", "SELECT 2"],
        ["classify", "migrations/0001_nosuch.sql", "--fail-at", "CRITICAL"],
        ["classify", "nosuch.SQL"],
        ["classify", "no-such-folder/"],
    ],
)
def test_wrong_usage_is_2_and_a_clear_line(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Error: " in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["restore", "1", "postgresql://me:topsecret@host/db", "--storage", "file:///tmp/x"],
        ["restore", "postgresql://me:topsecret@host/db", "--dsn=x", "--storage=file:///tmp/x"],
        ["restore", "1", "host=h password = 'topsecret' user=me", "--storage", "file:///tmp/x"],
        ["check", "--dsn", "postgresql://me:topsecret@127.0.0.1:1/db"],
        ["check", "--dsn", "this is topsecret, not a DSN"],
        ["check", "--storage", "s3://key:topsecret@bucket"],
    ],
)
def test_no_message_repeats_a_password(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.code != 0
    assert "topsecret" not in answer.out + answer.err


def test_an_unexpected_error_shows_its_type_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_storage: str, **_known: object) -> NoReturn:
        raise RuntimeError("a value of the user's")

    monkeypatch.setattr(backstop.snapshots, "list", fail)
    arguments = ("snapshots", "list", "--storage", "file:///tmp/x")
    answer = run(*arguments)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Error: RuntimeError. `backstop --traceback")
    assert "a value" not in answer.err
    assert "Traceback" in run("--traceback", *arguments).err


def test_an_interruption_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_storage: str, **_known: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(backstop.snapshots, "list", interrupt)
    assert run("snapshots", "list", "--storage", "file:///tmp/x").code == 130


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "backstop", "classify", "SELECT 1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_classify_json_has_the_documented_shape(run: Run) -> None:
    answer = run("classify", "SELECT 1; DELETE FROM shop.orders", "--json")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    assert document["level"] == "CRITICAL"
    assert document["operation"] == "DELETE"
    assert document["tables"] == ["shop.orders"]
    assert document["requires_snapshot"] is True
    assert document["reason"]
    assert set(document) >= {"level", "operation", "tables", "reason", "findings"}
    for finding in document["findings"]:
        assert set(finding) >= {"kind", "level", "reason", "table", "start", "end"}


@pytest.mark.parametrize(
    ("sql", "fail_at", "code"),
    [
        ("SELECT 1", "CRITICAL", 0),
        ("DELETE FROM t WHERE id = 1", "critical", 0),
        ("DELETE FROM t", "CRITICAL", 1),
        ("DELETE FROM t", "low", 1),
        ("SELECT 1", "SAFE", 1),
    ],
)
def test_fail_at_counts_its_own_level(run: Run, sql: str, fail_at: str, code: int) -> None:
    assert run("classify", sql, "--fail-at", fail_at).code == code


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "0001_init.sql": "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n",
        "0002_clean.sql": "-- Twice is enough.\n\nDELETE FROM t;\r\n  DROP TABLE t;\n",
        "later/0003.SQL": "SELECT 1;\n",
        "later/notes.txt": "DROP TABLE t",
        ".cache/0004.sql": "DROP TABLE t",
    }
    for name, text in files.items():
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path / "m"


FOUND = """\
CRITICAL  DELETE on t has no WHERE: every row goes. Add a WHERE that names the rows.

m/0002_clean.sql:3:1: CRITICAL: DELETE on t has no WHERE: every row goes. Add a WHERE that names \
the rows.
  DELETE FROM t;
  ^^^^^^^^^^^^^

m/0002_clean.sql:4:3: CRITICAL: DROP TABLE destroys t and every row in it. \
Rename it, and drop it when nothing has missed it.
    DROP TABLE t;
    ^^^^^^^^^^^^

… and 2 more below CRITICAL; --json shows all of them.

3 files: 1 CRITICAL, 1 LOW, 1 SAFE.
"""


@pytest.mark.usefixtures("migrations")
@pytest.mark.parametrize(
    "arguments",
    [
        ("m",),
        ("--file", "m"),
        ("-f", "m/0001_init.sql", "-f", "m/0002_clean.sql", "-f", "m/later"),
        # As a shell expands a pattern.
        ("-f", "m/0001_init.sql", "m/0002_clean.sql", "m/later/0003.SQL"),
        ("m/0001_init.sql", "m/0002_clean.sql", "m/later", "m"),
    ],
)
def test_classify_goes_over_all_files_and_says_where(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("classify", *arguments, "--fail-at", "CRITICAL") == (1, FOUND, "")


@pytest.mark.usefixtures("migrations")
def test_without_a_limit_the_riskiest_findings_are_shown_in_their_order(run: Run) -> None:
    with open("m/0001_init.sql", "a", encoding="utf-8") as file:
        file.write("INSERT INTO t VALUES (1);\n" * 30)
    lines = run("classify", "m").out.splitlines()
    places = [line.split(": ")[0] for line in lines if line.startswith("m/")]
    assert places[:3] == ["m/0001_init.sql:1:1", "m/0001_init.sql:2:1", "m/0001_init.sql:3:1"]
    assert places[-2:] == ["m/0002_clean.sql:3:1", "m/0002_clean.sql:4:3"]
    assert len(places) == 20
    assert "… and 14 more; --json shows all of them." in lines


@pytest.mark.usefixtures("migrations")
def test_nothing_is_shown_of_what_is_below_the_limit(run: Run) -> None:
    answer = run("classify", "m/0001_init.sql", "m/later", "--fail-at", "HIGH")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "LOW  CREATE TABLE adds t."
    assert "0001_init" not in answer.out


@pytest.mark.usefixtures("migrations")
def test_json_of_several_files_names_each_place(run: Run) -> None:
    answer = run("classify", "m", "--json", "--fail-at", "critical")
    assert answer.code == 1
    document = json.loads(answer.out)
    assert (document["level"], document["operation"]) == ("CRITICAL", "DELETE")
    assert (document["tables"], document["requires_snapshot"]) == (["t"], True)
    assert [(f["file"], f["line"], f["column"]) for f in document["findings"]] == [
        ("m/0001_init.sql", 1, 1),
        ("m/0001_init.sql", 2, 1),
        ("m/0002_clean.sql", 3, 1),
        ("m/0002_clean.sql", 4, 3),
    ]
    # Characters of its own file, where a line may end in two.
    assert [f["start"] for f in document["findings"]] == [0, 25, 21, 39]
    assert [(f["file"], f["level"]) for f in document["files"]] == [
        ("m/0001_init.sql", "LOW"),
        ("m/0002_clean.sql", "CRITICAL"),
        ("m/later/0003.SQL", "SAFE"),
    ]


def test_json_has_the_same_fields_for_a_text(run: Run) -> None:
    document = json.loads(run("classify", "SELECT 1;\f\n DROP TABLE t", "--json").out)
    (finding,) = document["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == (None, 2, 2)
    assert document["files"] == []


def test_classify_reads_files_and_standard_input(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "größe.sql"
    file.write_bytes(b"\xef\xbb\xbfTRUNCATE t")
    assert run("classify", "-f", str(file)).out.startswith("CRITICAL")
    assert run("classify", str(file)).out.startswith("CRITICAL")
    assert run("classify", "-", stdin=b"DROP TABLE t").out.startswith("CRITICAL")
    assert run("classify", "-f", "-", stdin=b"SELECT 1").out.startswith("SAFE")
    assert "\n<stdin>:2:1: LOW: " in run("classify", "-", stdin=b"\nINSERT INTO t VALUES (1)").out


@pytest.mark.usefixtures("migrations")
@pytest.mark.parametrize("data", [b"SELECT '\xff'", None], ids=["latin-1", "gone"])
def test_a_file_that_cannot_be_read_fails_the_check_after_the_others(
    run: Run, data: bytes | None
) -> None:
    broken = Path("m/0000.sql")
    if data is None:
        broken.symlink_to("nowhere.sql")
    else:
        broken.write_bytes(data)
    answer = run("classify", "m", "--fail-at", "CRITICAL")
    assert (answer.code, answer.out) == (2, FOUND)
    assert answer.err.startswith("Error: The file m/0000.sql ")
    assert run("classify", "m/0000.sql" if data else "m/nosuch.sql").code == 2


@pytest.mark.usefixtures("migrations")
def test_a_file_of_comments_does_not_speak_for_the_others(run: Run) -> None:
    Path("m/0000.sql").write_text("-- Nothing yet.", encoding="utf-8")
    assert run("classify", "m/0000.sql", "m/later").out.splitlines() == [
        "SAFE  SELECT changes nothing.",
        "",
        "2 files: 2 SAFE.",
    ]


def test_a_folder_without_sql_does_not_pass(run: Run, tmp_path: Path) -> None:
    answer = run("classify", str(tmp_path), "--fail-at", "CRITICAL")
    assert (answer.code, answer.out) == (2, "")
    assert "holds no file of SQL (.sql)" in answer.err


def test_classify_reads_a_script_of_psql_in_postgres_only(run: Run) -> None:
    script = "\\connect shop\nCOPY t FROM stdin;\nit's\n\\.\n"
    answer = run("classify", "--", script)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("LOW  COPY adds rows.")
    assert "LOW: \\connect lets what follows run in another database" in answer.out
    assert run("classify", "--dialect", "mysql", "--", script).out.startswith(("HIGH", "CRITICAL"))
    assert run("classify", "\\! true").out.startswith("CRITICAL  \\! runs a command of")


def test_the_risky_part_is_underlined_where_it_stands(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = f"SELECT {', '.join(map(str, range(200)))};\n\tSELECT '值';\tDELETE\n\t FROM t; SELECT 1"
    finding = backstop.Finding(
        "delete-without-where",
        backstop.RiskLevel.CRITICAL,
        "Every row of t goes.",
        "t",
        sql.index("DELETE"),
        sql.index("FROM t") + len("FROM t"),
    )
    result = backstop.RiskResult(finding.level, "DELETE", ("t",), "It is risky.", (finding,))
    monkeypatch.setattr(backstop, "classify", lambda _sql, _dialect: result)
    assert run("classify", sql).out.splitlines() == [
        "CRITICAL  It is risky.",
        "",
        "   SELECT '值'; DELETE",
        "                ^^^^^^",
        "    FROM t; SELECT 1",
        "    ^^^^^^",
        "  CRITICAL: Every row of t goes.",
    ]


def test_only_what_is_near_the_part_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = f"SELECT {'a' * 500}; DROP TABLE t; SELECT {'b' * 500}"
    start = sql.index("DROP")
    finding = backstop.Finding("drop", backstop.RiskLevel.CRITICAL, "Gone.", "t", start, start + 12)
    result = backstop.RiskResult(finding.level, "DROP TABLE", ("t",), "Gone.", (finding,))
    monkeypatch.setattr(backstop, "classify", lambda _sql, _dialect: result)
    shown, carets = run("classify", sql).out.splitlines()[2:4]
    assert len(shown) < 100
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "DROP TABLE t"


def test_what_a_terminal_would_obey_is_shown_instead(run: Run) -> None:
    answer = run("classify", 'DROP TABLE "\x1b[2J\u202etxt"')
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    assert "\\x1b[2J" in answer.out
