"""What the processes of a suite have used: CPU seconds and context switches, Postgres' by the service it worked for."""
import os
import pathlib
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def _cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def _switches(pid):
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        total += sum(int(line.split()[1]) for line in status.read_text().splitlines() if "ctxt_switches" in line)
    return total


def _children(pid):
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if status.read_text().rpartition(")")[2].split()[1] == str(pid):
                yield int(status.parent.name)
        except OSError:
            continue


def _postgres_group(pid):
    """A backend's title is "postgres: ballast_risk ballast 127.0.0.1(…) …"; the others serve everybody."""
    title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split()
    role = title[1] if len(title) > 1 else ""
    return "Postgres for " + role.removeprefix("ballast_") if role.startswith("ballast_") else "Postgres itself"


def snapshot(run):
    """{name: [CPU s, switches]} of everything that runs in the folder."""
    used = {}

    def add(name, pid):
        try:
            entry = used.setdefault(name, [0.0, 0])
            entry[0] += _cpu_s(pid)
            entry[1] += _switches(pid)
        except OSError:
            pass  # it has ended

    for path in (pathlib.Path(run) / "pids").iterdir():
        pid = int(path.read_text())
        if path.name != "postgres":
            add(path.name, pid)
            continue
        add("Postgres itself", pid)
        for child in _children(pid):
            try:
                add(_postgres_group(child), child)
            except OSError:
                pass
    return used


def settled(run, limit_s=60.0):
    """A snapshot once whoever follows has caught up: the processes use next to nothing any more."""
    deadline = time.monotonic() + limit_s
    before = snapshot(run)
    while True:
        time.sleep(1.0)
        now = snapshot(run)
        if sum(now[name][0] - before.get(name, [0])[0] for name in now) < 0.15 or time.monotonic() > deadline:
            return now
        before = now


def table(before, after, orders):
    """Lines of a table: microseconds and switches an order, the most expensive first."""
    rows = [(name, (cpu - before.get(name, [0, 0])[0]) * 1e6 / orders,
             (switches - before.get(name, [0, 0])[1]) / orders) for name, (cpu, switches) in after.items()]
    rows.sort(key=lambda row: -row[1])
    lines = ["| process                              | CPU us/order | switches/order |",
             "|--------------------------------------|-------------:|---------------:|"]
    for name, cpu, switches in [*rows, ("all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
        lines.append(f"| {name:<36} | {cpu:12.1f} | {switches:14.2f} |")
    return lines
