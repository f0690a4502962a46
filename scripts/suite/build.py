"""Builds the services and the dashboard."""
import collections
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time

from suite import layout as where

TAIL_LINES = 40


class BuildFailed(Exception):
    """The message says what failed and shows the end of its output."""


def _run(command, folder, log, environment=None, progress=None):
    """Runs quietly with its output in `log`; `progress` sees each line."""
    log.parent.mkdir(parents=True, exist_ok=True)
    tail = collections.deque(maxlen=TAIL_LINES)
    with open(log, "a", encoding="utf-8") as out:
        out.write("+ " + " ".join(command) + "\n")
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        for line in process.stdout:
            out.write(line)
            tail.append(line)
            if progress:
                progress(line)
        code = process.wait()
    if code != 0:
        raise BuildFailed(f"'{' '.join(command)}' failed with {code}; all of its output is in {log}\n" + "".join(tail))


class _Ninja:
    """Shows how far ninja is: one moving line on a terminal, a line for each tenth elsewhere."""

    def __init__(self, what):
        self.what = what
        self.shown = 0
        self.started = time.monotonic()

    def __call__(self, line):
        found = re.match(r"\[\s*(\d+)% (\d+)/(\d+)\]", line)
        if not found:
            return
        percent, total = int(found[1]), int(found[3])
        if sys.stdout.isatty():
            print(f"\r{self.what}: {percent} % of {total} steps", end="", flush=True)
            self.shown = percent
        elif percent >= self.shown + 10 and total > 10:
            self.shown = percent // 10 * 10
            print(f"{self.what}: {percent} % of {total} steps", flush=True)

    def done(self):
        print(("\r" if sys.stdout.isatty() and self.shown else "")
              + f"{self.what}: done in {time.monotonic() - self.started:.0f} s          ".rstrip(), flush=True)


def services(preset="release", options=()):
    """Builds everything of the preset, with `options` for cmake; returns the folder with the executables. Raises
    BuildFailed."""
    environment = dict(os.environ, NINJA_STATUS="[%p %f/%t] ")
    folder = where.TOP / "build" / preset
    log = folder / "build.log"
    log.unlink(missing_ok=True)
    progress = _Ninja(f"Building the services ({preset})")
    if options or not (folder / "build.ninja").exists():
        _run(["cmake", "--preset", preset, *options], where.TOP, log, environment)
    _run(["cmake", "--build", "--preset", preset], where.TOP, log, environment, progress)
    progress.done()
    return folder / "bin"


def _digest(paths):
    """One hash over names and contents: a checkout that only changes times builds nothing."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(where.WEB)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources():
    names = [path for path in where.WEB.iterdir() if path.is_file() and path.suffix != ".md"]
    return names + [path for folder in ("src", "public") for path in (where.WEB / folder).rglob("*") if path.is_file()]


def _same(stamp, digest):
    return stamp.exists() and stamp.read_text() == digest


def web_modules():
    """Installs the dashboard's packages unless they are there; returns the environment npm runs in."""
    environment = node_environment()
    stamp = where.TOP / "build/web_modules.stamp"
    digest = _digest([where.WEB / "package.json", where.WEB / "package-lock.json"])
    if not (_same(stamp, digest) and (where.WEB / "node_modules/.package-lock.json").exists()):
        log = where.TOP / "build/web.log"
        _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"], where.WEB, log,
             environment)
        stamp.write_text(digest)
    return environment


def dashboard():
    """Builds the dashboard when its sources changed. Raises BuildFailed; an older build then stays."""
    stamp = where.TOP / "build/web.stamp"
    digest = _digest(_sources())
    if _same(stamp, digest) and (where.WEB / "dist/index.html").exists():
        return
    started = time.monotonic()
    environment = web_modules()
    _run(["npm", "run", "--silent", "build"], where.WEB, where.TOP / "build/web.log", environment)
    stamp.write_text(digest)
    print(f"Building the dashboard: done in {time.monotonic() - started:.0f} s", flush=True)


def _node_version(environment):
    try:
        shown = subprocess.run(["node", "--version"], capture_output=True, text=True, env=environment).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _new_enough(version):
    """package.json's engines: ^20.19.0 || >=22.12.0."""
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def node_environment():
    """The environment with a Node.js that the dashboard's tools accept; Debian 12's own is 18."""
    environment = dict(os.environ)
    if _new_enough(_node_version(environment)):
        return environment
    if not shutil.which("npm"):
        raise BuildFailed("npm is not installed; scripts/setup installs it")
    # npm packages carry Node.js itself. npm comes along: the old one would skip packages the old Node.js cannot run.
    tools = where.TOP / "build/tools"
    environment["PATH"] = f"{tools / 'node_modules/.bin'}:{environment['PATH']}"
    if not _new_enough(_node_version(environment)):
        tools.mkdir(parents=True, exist_ok=True)
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        print("Building the dashboard: fetching Node.js 20 (the one installed is too old)", flush=True)
        _run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1",
              "--prefix", str(tools), f"node-linux-{machine}@20", "npm@11"], tools, where.TOP / "build/web.log")
    if not _new_enough(_node_version(environment)):
        raise BuildFailed(f"the Node.js in {tools} does not run")
    return environment
