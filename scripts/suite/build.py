"""Builds the services and the dashboard."""
import os
import pathlib
import shutil
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


def dashboard():
    web = where.TOP / "services/api_gateway/web"
    if not (web / "package.json").exists() or not shutil.which("npm"):
        print("run: no npm on the PATH; the dashboard is left out, everything else works", flush=True)
        return
    built = web / "dist/index.html"
    newest = max((path.stat().st_mtime for folder in ("src", "public", ".") for path in _files(web / folder, folder)),
                 default=0)
    if built.exists() and built.stat().st_mtime >= newest:
        return
    environment = node_environment()
    if not (web / "node_modules/.package-lock.json").exists():
        _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], web, environment)
    _run(["npm", "run", "--silent", "build"], web, environment)


def node_environment():
    """The environment with a Node.js of 20 or newer first on the PATH; Debian 12's own is 18."""
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if shown.startswith("v") and int(shown[1:].split(".")[0]) >= 20:
        return dict(os.environ)
    tools = where.TOP / "build/tools"
    folder = tools / "node_modules/node/bin"
    if not (folder / "node").exists():
        tools.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(tools), "node@20"], tools)
    return dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}")


def _files(folder: pathlib.Path, name):
    if not folder.exists():
        return []
    if name == ".":
        return [path for path in folder.iterdir() if path.is_file()]
    return [path for path in folder.rglob("*") if path.is_file()]
