"""Builds the services."""
import os
import subprocess
import sys

from suite import layout as where


def _run(command, folder, environment=None):
    print("+ " + " ".join(command), flush=True)
    done = subprocess.run(command, cwd=folder, env=environment)
    if done.returncode != 0:
        sys.exit(f"run: '{' '.join(command)}' failed with {done.returncode}")


def services(preset="release"):
    environment = dict(os.environ, NINJA_STATUS="[%p %f/%t, %es] ")
    folder = where.TOP / "build" / preset
    if not (folder / "build.ninja").exists():
        _run(["cmake", "--preset", preset], where.TOP, environment)
    _run(["cmake", "--build", "--preset", preset], where.TOP, environment)
    return folder / "bin"

