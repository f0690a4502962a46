"""What a suite costs in memory and on the disk."""
import pathlib

from suite.cpu import _children

MB = 1 << 20


def _field(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def resident(suite):
    """{process: bytes of its own memory}; pages of files are the machine's to give back. Postgres with its backends."""
    used = {}
    for path in (suite.folder / "pids").iterdir():
        pid = int(path.read_text())
        pids = [pid, *_children(pid)] if path.name == "postgres" else [pid]
        try:
            used[path.name] = sum(_field(each, "RssAnon") for each in pids)
        except OSError:
            continue  # it is being started again
    return used


def tables(postgres):
    """{schema.table: bytes with its indexes}."""
    rows = postgres.ask("SELECT schemaname || '.' || relname, pg_total_relation_size(relid) FROM pg_stat_user_tables",
                        "pg_stat_user_tables")
    return {name: int(size) for name, size in (row.split("|") for row in rows.splitlines())}


def wal_position(postgres):
    """Bytes ever written to the write-ahead log."""
    return int(postgres.ask("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')", "pg_stat_user_tables"))


def files(suite):
    """Bytes of what the services write themselves: logs, trade logs, anchors."""
    return sum(path.stat().st_size for path in suite.folder.rglob("*") if path.is_file() and "redis" not in path.parts)


def settle_disk(postgres):
    """What waits in memory is written, and what is dead is free to be used again, as it is sooner or later."""
    postgres.ask("CHECKPOINT", "pg_stat_user_tables")
