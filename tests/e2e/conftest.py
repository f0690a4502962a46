"""Real processes, real Postgres, real Redis; only the market is simulated."""
import os
import pathlib
import sys

# grpc's Python client looks at a connection no call waits on only every 5 s; a test that kills servers measures that
# instead of the server's return. Read when grpc is first imported.
os.environ.setdefault("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "100")

import pytest  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts"), str(TOP / "tests/e2e")]

import harness  # noqa: E402


@pytest.fixture(scope="session")
def protos(tmp_path_factory):
    return harness.Protos(tmp_path_factory.mktemp("protos"))


@pytest.fixture(scope="session")
def start_suite(tmp_path_factory, protos):
    """start_suite(name, overrides) starts a suite of its own; all are stopped and removed at the end."""
    running = []

    def start(name, overrides=None, services=tuple(harness.where.SERVICES), order_managers=1):
        suite = harness.Suite(tmp_path_factory.mktemp(name), protos, overrides or {}, services, order_managers)
        running.append(suite)
        suite.start()
        return suite

    yield start
    for suite in running:
        suite.remove()
