"""A sweep whose items are processes of their own, as on several machines: one is killed and done again, and the table in
Postgres is the one that a single process makes."""
import os
import secrets
import subprocess

import pytest

from harness import BIN, TOP

ITEMS = 4
SWEEP = ["--data", str(TOP / "data"), "--symbols", "SPY", "IBM", "--limit", "drawdown_ratio=1", "--grid", "fast=2..13", "--grid",
         "slow=10..40/3", "--threads", "1"]


@pytest.fixture(scope="module")
def item(start_suite, tmp_path_factory):
    suite = start_suite("sweeps", services=())
    password = secrets.token_hex(16)
    suite.supervisor.postgres.ask(f"CREATE ROLE ballast_sweeps LOGIN PASSWORD '{password}' CONNECTION LIMIT 20; "
                                  "GRANT CONNECT ON DATABASE ballast TO ballast_sweeps; "
                                  "CREATE SCHEMA sweeps AUTHORIZATION ballast_sweeps", "pg_class")
    path = tmp_path_factory.mktemp("sweeps") / "password"
    path.write_text(password + "\n")
    environment = {"PATH": os.environ["PATH"], "BALLAST_SWEEP_POSTGRES_PORT": str(suite.layout.ports["postgres"]),
                   "BALLAST_SWEEP_POSTGRES_PASSWORD_FILE": str(path)}

    def start(index, name="one", more=(), sweep=tuple(SWEEP)):
        return subprocess.Popen([str(BIN / "ballast-backtest"), "sweep", *sweep, "--name", name, "--items", str(ITEMS),
                                 "--for-programs", *more], env={**environment, "JOB_COMPLETION_INDEX": str(index)},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def collect(name="one", out=None):
        return subprocess.run([str(BIN / "ballast-backtest"), "collect", "--name", name, *(["--out", str(out)] if out else [])],
                              env=environment, capture_output=True, text=True)

    start.collect = collect
    start.rows = lambda: suite.supervisor.postgres.ask("SELECT string_agg(index::text, ',' ORDER BY index) FROM sweeps.sweep_item "
                                                       "WHERE name = 'one'", "sweeps.sweep_item")
    yield start
    suite.remove()


def test_items_of_their_own_make_the_table_of_one_process(item, tmp_path):
    running = {index: item(index) for index in (0, 2)}
    killed = item(1)
    # It is at work, and dies.
    assert killed.stderr.readline().startswith("progress "), killed.stderr.read()
    killed.kill()
    killed.communicate()
    for index, process in running.items():
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0 and out == f"item {index} of {ITEMS} is done\n", (out, err)
    assert item.rows() == "0,2"
    missing = item.collect()
    assert missing.returncode == 1 and "2 of 4 items are missing: 1, 3" in missing.stderr, missing.stderr
    # The same item from two at once, and one that is there already.
    both = [item(1), item(1), item(3), item(0)]
    outs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0] * 4, outs
    assert outs[3][0] == f"item 0 of {ITEMS} was done already\n", outs
    assert item.rows() == "0,1,2,3"
    assert item.collect(out=tmp_path / "shared.json").returncode == 0
    subprocess.run([str(BIN / "ballast-backtest"), "sweep", *SWEEP, "--out", str(tmp_path / "alone.json")], check=True,
                   capture_output=True)
    assert (tmp_path / "shared.json").read_text() == (tmp_path / "alone.json").read_text()


def test_what_does_not_fit_is_refused_and_stores_nothing(item):
    def refused(process, text):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1 and text in err, (out, err)

    refused(item(0, sweep=tuple(SWEEP[:-4]) + ("--grid", "slow=10..43/3")), "other settings")
    refused(item(9, name="two"), "--index: below 4 expected, not 9")
    refused(item("x", name="two"), "JOB_COMPLETION_INDEX")
    assert "there is no sweep 'two'" in item.collect("two").stderr
