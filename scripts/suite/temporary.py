"""A suite of its own in a folder of its own, on free ports, gone without a trace afterwards."""
import contextlib
import pathlib
import shutil
import subprocess
import tempfile

from suite import configuration, layout as where


@contextlib.contextmanager
def suite(name, *arguments):
    """Starts one through scripts/run; yields its variables, None when it did not start."""
    run = pathlib.Path(tempfile.mkdtemp(prefix=f"ballast-{name}-"))
    try:
        started = subprocess.run([str(where.TOP / "scripts/run"), "--detach", "--free-ports", "--run-directory",
                                  str(run), *arguments], cwd=where.TOP, stdin=subprocess.DEVNULL)
        yield dict(configuration.read_environment(run), BALLAST_RUN=str(run)) if started.returncode == 0 else None
    finally:
        subprocess.run([str(where.TOP / "scripts/stop"), "--run-directory", str(run)], cwd=where.TOP)
        shutil.rmtree(where.Layout.make(run).postgres_home, ignore_errors=True)
        shutil.rmtree(run, ignore_errors=True)
