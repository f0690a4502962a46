"""A suite of its own for a proof, gone afterwards, and the table of its figures."""
import contextlib
import os
import pathlib
import shutil
import tempfile

import harness
from suite import build


@contextlib.contextmanager
def suite(overrides, order_managers=1, prepare=None):
    """Runs the release build, or what BALLAST_TEST_BIN names. With `prepare` also what that made of it before its start."""
    os.environ.setdefault("BALLAST_TEST_BIN", str(harness.TOP / "build/release/bin"))
    if os.environ["BALLAST_TEST_BIN"] == str(harness.TOP / "build/release/bin"):
        build.services("release")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ballast-proof-"))
    folder.chmod(0o755)  # Postgres runs as somebody else below it
    running = harness.Suite(folder, harness.Protos(folder), overrides, order_managers=order_managers)
    try:
        prepared = prepare(running) if prepare else None
        running.start()
        yield (running, prepared) if prepare else running
    finally:
        running.remove()
        shutil.rmtree(folder, ignore_errors=True)


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def line(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
