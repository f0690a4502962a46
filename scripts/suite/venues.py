"""The simulated venues, judged by other people's clients: scripts/test venues.

The clients come from PyPI and npm as tests/venues pins them, into build/venue_judges; nothing of them is shipped."""
import shutil
import subprocess
import sys

from suite import build, layout as where

TESTS = where.TOP / "tests/venues"
JUDGES = where.TOP / "build/venue_judges"


def _same(stamp, wanted):
    return stamp.exists() and stamp.read_text() == wanted


def _run(command, folder):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise build.BuildFailed(f"'{' '.join(map(str, command))}' failed\n{done.stdout}{done.stderr}")


def judges():
    """Installs the clients unless they are there; returns their folder. Raises build.BuildFailed."""
    wanted = (TESTS / "requirements.txt").read_text()
    stamp = JUDGES / "python.stamp"
    if not _same(stamp, wanted):
        shutil.rmtree(JUDGES / "python", ignore_errors=True)
        _run([sys.executable, "-m", "venv", JUDGES / "python"], where.TOP)
        _run([JUDGES / "python/bin/pip", "install", "-q", "-r", TESTS / "requirements.txt"], where.TOP)
        stamp.write_text(wanted)
    node = JUDGES / "node"
    node.mkdir(parents=True, exist_ok=True)
    # Modules are looked for beside the program that asks for them.
    for path in TESTS.glob("*.mjs"):
        shutil.copy(path, node)
    wanted = (TESTS / "package.json").read_text()
    stamp = JUDGES / "node.stamp"
    if not _same(stamp, wanted):
        shutil.copy(TESTS / "package.json", node)
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], node)
        stamp.write_text(wanted)
    return JUDGES
