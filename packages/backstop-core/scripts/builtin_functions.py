"""Writes the classifier's data files from the catalogs of running servers, one per major version.

Usage: ``python builtin_functions.py DSN [DSN …]``. What is free of effects on one version and not
on another is left out. The declared volatility is only where it starts: the lists below say which
immutable and stable functions run SQL given as text or read what they name, and which volatile
ones change nothing. A function that is new and volatile must never get into the file by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg2

DATA = Path(__file__).parent.parent / "src" / "backstop" / "classifier" / "data"

# Declared stable, and yet they run a query or read relations that no token of the text names.
RUNS_QUERIES = r"""
    proname ~ '(table|schema|database|query|cursor)_to_xml' OR proname IN ('ts_stat', 'ts_rewrite')
"""

# Maintenance, replication and internals: never part of an application's read.
INTERNALS = r"""
    proname ~ '^(binary_upgrade|pg_logical|pg_replication|brin|gin_clean|pg_stat_reset)'
    OR proname ~ '(_validator|_handler|_call_handler|_inline)$'
"""

# Volatile because their result changes, not because they change anything.
HARMLESS_THOUGH_VOLATILE = """
    clock_timestamp currval gen_random_uuid lastval lo_close lo_get lo_lseek lo_lseek64 lo_tell
    lo_tell64 loread pg_blocking_pids pg_collation_actual_version pg_column_size
    pg_current_logfile pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_database_collation_actual_version pg_database_size pg_get_multixact_members
    pg_get_wal_replay_pause_state pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused
    pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status
    pg_notification_queue_usage pg_partition_ancestors pg_partition_tree pg_prepared_xact
    pg_relation_size pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_sleep pg_sleep_for
    pg_sleep_until pg_stat_clear_snapshot pg_stat_get_xact_blocks_fetched
    pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
    pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
    pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
    pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated pg_table_size pg_tablespace_size pg_total_relation_size
    pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_xact_status random random_normal
    setseed timeofday txid_status uuidv4 uuidv7
"""

FUNCTIONS = f"""
    SELECT proname, bool_and(
        (provolatile IN ('i', 's') OR proname = ANY (%(harmless)s))
        AND NOT ({RUNS_QUERIES}) AND NOT ({INTERNALS})
    )
    FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a', 'w')
      AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
      AND NOT 'internal'::regtype = ANY (proargtypes)
    GROUP BY proname
"""

OPERATORS = """
    SELECT oprname, true FROM pg_catalog.pg_operator
    WHERE oprnamespace = 'pg_catalog'::regnamespace GROUP BY oprname
"""

# These a user may set, and yet they change who one is, how text is scanned, or what is loaded.
SETTINGS = """
    SELECT lower(name), context = 'user' AND name NOT IN (
        'role', 'session_authorization', 'standard_conforming_strings', 'local_preload_libraries'
    )
    FROM pg_catalog.pg_settings WHERE name NOT LIKE '%%.%%' AND context <> 'internal'
"""

FILES = {
    "functions.txt": (FUNCTIONS, "Functions of pg_catalog that are free of effects"),
    "operators.txt": (OPERATORS, "Operators of pg_catalog"),
    "settings.txt": (SETTINGS, "Settings of a session that change no privilege and no meaning"),
}


def main(dsns: list[str]) -> None:
    """Write every data file from the servers that the DSNs name."""
    verdicts: dict[str, dict[str, bool]] = {name: {} for name in FILES}
    versions: list[str] = []
    for dsn in dsns:
        connection = psycopg2.connect(dsn)
        with connection.cursor() as cursor:
            version = connection.server_version
            versions.append(f"{version // 10000}.{version % 10000}")
            for name, (query, _) in FILES.items():
                cursor.execute(query, {"harmless": HARMLESS_THOUGH_VOLATILE.split()})
                for item, harmless in cursor.fetchall():
                    verdicts[name][item] = harmless and verdicts[name].get(item, True)
        connection.close()
    for name, (_, title) in FILES.items():
        lines = [
            f"-- {title}, on PostgreSQL {', '.join(sorted(versions))}.",
            "-- Written by scripts/builtin_functions.py; don't edit.",
            *sorted(item for item, harmless in verdicts[name].items() if harmless),
        ]
        (DATA / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
