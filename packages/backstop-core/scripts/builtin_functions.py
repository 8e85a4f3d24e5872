"""Writes the classifier's data files from the catalogs of running servers, one per major version.

Usage: ``python builtin_functions.py DSN [DSN …]``. A function gets into the file if no version has
it with an effect: if it isn't in effects.txt, and is declared immutable or stable, or is in the
reviewed list below. The declared volatility is only where it starts, as it says nothing of what a
function reads; so what a new major version adds is to be read, line by line, before it is
committed. A volatile function that nobody has reviewed stops the script.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg2

DATA = Path(__file__).parent.parent / "src" / "backstop" / "classifier" / "data"

# Volatile because their result changes, not because they change anything.
_HARMLESS_THOUGH_VOLATILE = """
    amvalidate array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid
    lastval lo_close lo_get lo_lseek lo_lseek64 lo_tell lo_tell64 loread pg_blocking_pids
    pg_collation_actual_version pg_control_checkpoint pg_control_init pg_control_recovery
    pg_control_system pg_current_logfile pg_current_wal_flush_lsn pg_current_wal_insert_lsn
    pg_current_wal_lsn pg_database_collation_actual_version pg_database_size pg_get_aios
    pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_multixact_members
    pg_get_sequence_data pg_get_shmem_allocations pg_get_shmem_allocations_numa
    pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers
    pg_get_wal_summarizer_state pg_indexes_size pg_is_in_backup pg_is_in_recovery
    pg_is_wal_replay_paused pg_isolation_test_session_is_blocked pg_jit_available
    pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn
    pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage
    pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_relation_size
    pg_replication_origin_progress pg_replication_origin_session_is_setup
    pg_replication_origin_session_progress pg_safe_snapshot_blocking_pids pg_sequence_last_value
    pg_show_replication_origin_status pg_sleep pg_sleep_for pg_sleep_until pg_stat_clear_snapshot
    pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch
    pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
    pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
    pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
    pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size pg_tablespace_size
    pg_total_relation_size pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
    pg_xact_status random random_normal setseed timeofday timezone txid_status uuidv4 uuidv7
"""
HARMLESS_THOUGH_VOLATILE = frozenset(_HARMLESS_THOUGH_VOLATILE.split())

# Functions that a statement can't call are left out: the server refuses those types.
FUNCTIONS = """
    SELECT proname, bool_or(provolatile = 'v')
    FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a', 'w')
      AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
      AND NOT 'internal'::regtype = ANY (proargtypes::oid[])
    GROUP BY proname
"""

OPERATORS = """
    SELECT DISTINCT oprname FROM pg_catalog.pg_operator
    WHERE oprnamespace = 'pg_catalog'::regnamespace
"""

# Left out are those that change who one is, how text is scanned, or what is loaded.
SETTINGS = """
    SELECT lower(name) FROM pg_catalog.pg_settings
    WHERE context = 'user' AND name NOT LIKE '%.%' AND name NOT IN (
        'role', 'session_authorization', 'standard_conforming_strings', 'client_encoding',
        'local_preload_libraries'
    )
"""

Names = dict[int, frozenset[str]]  # by major version


def main(dsns: list[str]) -> None:
    """Write every data file from the servers that the DSNs name."""
    functions: Names = {}
    operators: Names = {}
    settings: Names = {}
    unknown: set[str] = set()
    effects = names_with_effects()
    for dsn in dsns:
        connection = psycopg2.connect(dsn)
        major = connection.server_version // 10000
        volatile = dict(fetch(connection, FUNCTIONS))
        functions[major] = frozenset(volatile) - effects
        operators[major] = frozenset(name for (name,) in fetch(connection, OPERATORS))
        settings[major] = frozenset(name for (name,) in fetch(connection, SETTINGS))
        unknown |= {name for name in functions[major] if volatile[name]} - HARMLESS_THOUGH_VOLATILE
        connection.close()
    if unknown:
        sys.exit(f"Volatile, and neither in effects.txt nor reviewed: {', '.join(sorted(unknown))}")
    write("functions.txt", "Functions of pg_catalog that are free of effects", functions)
    write("operators.txt", "Operators of pg_catalog", operators)
    write("settings.txt", "Settings that change no privilege and no meaning", settings)


def names_with_effects() -> frozenset[str]:
    """Return the functions that effects.txt accounts for."""
    lines = (DATA / "effects.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[1] for line in lines if line and not line.startswith("-- "))


def fetch(connection: Any, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def write(file: str, title: str, found: Names) -> None:
    """Write one file: a name a line, with its versions where it isn't in all of them."""
    majors = sorted(found)
    lines = [
        f"-- {title}, in PostgreSQL {majors[0]} to {majors[-1]}. A name that not all of",
        '-- them have stands with those that do: "16-" is 16 and later, "-14" is 14 and earlier.',
        "-- Written by scripts/builtin_functions.py; don't edit.",
    ]
    for name in sorted(frozenset().union(*found.values())):
        having = [major for major in majors if name in found[major]]
        lines.append(name if having == majors else f"{name}\t{span(having, majors)}")
    (DATA / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def span(having: list[int], majors: list[int]) -> str:
    """Write a run of versions, open at an end that is the first or the last of all."""
    first = "" if having[0] == majors[0] else str(having[0])
    last = "" if having[-1] == majors[-1] else str(having[-1])
    if having != [major for major in majors if having[0] <= major <= having[-1]]:
        sys.exit(f"Not one run of versions: {having}")
    return f"{first}-{last}"


if __name__ == "__main__":
    main(sys.argv[1:])
