"""What calling a function may do, by its name alone.

Only a built-in function that is listed as free of effects may pass; whatever isn't listed is
unknown, and unknown is never SAFE. A user's overload of a built-in name can't be told from the
text: the assess stage asks the catalog.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache

from backstop.classifier._source import Risk
from backstop.levels import RiskLevel


@lru_cache
def listed(file: str) -> frozenset[str]:
    """Return the entries of one of the data files, without its comments."""
    data = pkgutil.get_data(__package__, f"data/{file}") or b""
    lines = data.decode("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("-- "))


def call_risk(name: tuple[str, ...]) -> Risk | None:
    """Return the risk of calling the function of this (folded) name, if there is any."""
    if len(name) == 1 or name[:-1] == ("pg_catalog",):
        builtin = name[-1]
        if builtin in listed("functions.txt"):
            return None
        effect = _EFFECTS.get(builtin)
        if effect is not None:
            level, what = effect
            return Risk("function-with-effects", level, f"{builtin}() {what}.")
    shown = ".".join(name)
    return Risk(
        "unknown-function",
        RiskLevel.HIGH,
        f"{shown}() is not known to be a built-in function free of effects: it may do anything.",
    )


def runs_text(name: tuple[str, ...]) -> bool:
    """Whether the function runs SQL that it is given as text."""
    return name[-1] in _RUNS_TEXT


_LOW, _HIGH, _CRITICAL = RiskLevel.LOW, RiskLevel.HIGH, RiskLevel.CRITICAL

_RUNS_TEXT = frozenset(
    {"query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "ts_stat", "ts_rewrite"}
    | {"dblink", "dblink_exec", "dblink_open", "dblink_send_query", "crosstab"}
    | {"schedule", "schedule_in_database", "connectby", "xpath_table"}
)

_LOCKS = "takes a lock that outlives the statement"
_QUERY = "runs SQL that it is given as text"
_FILE = "reads a file or folder of the server"
_STATISTICS = "throws statistics of the server away"
_REPLICATION = "changes replication"
_LARGE_OBJECT = "overwrites or removes a large object"

_EFFECTS: dict[str, tuple[RiskLevel, str]] = {
    "nextval": (_LOW, "moves a sequence forward, which a rollback does not undo"),
    "setval": (_HIGH, "sets a sequence, which a rollback does not undo"),
    "set_config": (_HIGH, "changes a setting whose name the text may hide"),
    "pg_notify": (_LOW, "sends a notification"),
    "pg_export_snapshot": (_LOW, "exports the transaction's snapshot"),
    "lo_creat": (_LOW, "adds a large object"),
    "lo_create": (_LOW, "adds a large object"),
    "lo_from_bytea": (_LOW, "adds a large object"),
    "lo_open": (_LOW, "may open a large object for writing"),
    "lo_import": (_HIGH, _FILE),
    "lo_export": (_HIGH, "writes a file on the server"),
    "lo_put": (_HIGH, _LARGE_OBJECT),
    "lowrite": (_HIGH, _LARGE_OBJECT),
    "lo_truncate": (_HIGH, _LARGE_OBJECT),
    "lo_truncate64": (_HIGH, _LARGE_OBJECT),
    "lo_unlink": (_CRITICAL, "removes a large object for good"),
    "pg_terminate_backend": (_HIGH, "ends another session"),
    "pg_cancel_backend": (_HIGH, "cancels another session's statement"),
    "pg_reload_conf": (_HIGH, "reloads the server's configuration"),
    "pg_rotate_logfile": (_HIGH, "rotates the server's log"),
    "pg_promote": (_HIGH, "promotes the standby"),
    "pg_switch_wal": (_HIGH, "switches the write-ahead log"),
    "pg_create_restore_point": (_HIGH, "writes to the write-ahead log"),
    "pg_logical_emit_message": (_HIGH, "writes to the write-ahead log"),
    "pg_wal_replay_pause": (_HIGH, _REPLICATION),
    "pg_wal_replay_resume": (_HIGH, _REPLICATION),
    "pg_file_write": (_CRITICAL, "overwrites a file of the server"),
    "pg_file_unlink": (_CRITICAL, "removes a file of the server"),
    "pg_file_rename": (_CRITICAL, "renames a file of the server"),
    "dblink_exec": (_HIGH, "runs SQL on another connection, outside of this transaction"),
    "dblink": (_HIGH, "runs SQL on another connection, outside of this transaction"),
}

_GROUPS: tuple[tuple[str, RiskLevel, str], ...] = (
    (
        "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml "
        "cursor_to_xmlschema ts_stat ts_rewrite",
        _HIGH,
        _QUERY,
    ),
    (
        "table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml "
        "schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml "
        "database_to_xmlschema database_to_xml_and_xmlschema",
        _HIGH,
        "reads relations that the text does not name, views included",
    ),
    (
        "pg_read_file pg_read_binary_file pg_read_file_old pg_ls_dir pg_stat_file "
        "pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_hba_file_rules "
        "pg_show_all_file_settings pg_ident_file_mappings",
        _HIGH,
        _FILE,
    ),
    (
        "pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock "
        "pg_try_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared "
        "pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared",
        _LOW,
        _LOCKS,
    ),
    (
        "pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all",
        _LOW,
        "gives up a lock",
    ),
    (
        "pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru "
        "pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters "
        "pg_stat_reset_replication_slot pg_stat_reset_subscription_stats",
        _HIGH,
        _STATISTICS,
    ),
    (
        "pg_create_physical_replication_slot pg_create_logical_replication_slot "
        "pg_copy_physical_replication_slot pg_copy_logical_replication_slot "
        "pg_drop_replication_slot pg_replication_slot_advance pg_logical_slot_get_changes "
        "pg_logical_slot_get_binary_changes pg_replication_origin_create "
        "pg_replication_origin_drop pg_replication_origin_advance",
        _HIGH,
        _REPLICATION,
    ),
)

for _names, _level, _what in _GROUPS:
    _EFFECTS.update(dict.fromkeys(_names.split(), (_level, _what)))
