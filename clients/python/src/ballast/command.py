"""What a strategy's file does when it is started."""
from __future__ import annotations

import argparse
import logging
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
from typing import List, NoReturn, Optional, Sequence, Type

from ballast.environment import NotFound, above, find_suite
from ballast.strategy import Strategy

EPILOG = """\
Without --backtest it connects to the running suite and waits to be deployed there.
With it, everything that is not named above goes to the backtest:
  --param fast=10 --timeframe 5m --short --size 0.05 --out report.json … (docs/reference/backtest.md)"""


def _script() -> pathlib.Path:
    return pathlib.Path(getattr(sys.modules["__main__"], "__file__", None) or sys.argv[0]).resolve()


def _backtester(script: pathlib.Path) -> List[str]:
    """BALLAST_BACKTEST, else the sources that the working folder or the script lies in, else what is installed."""
    given = os.environ.get("BALLAST_BACKTEST")
    if given:
        return [given]
    for folder in above(pathlib.Path.cwd(), script.parent):
        if (folder / "scripts/backtest").is_file() and (folder / "libs/backtest").is_dir():
            return [str(folder / "scripts/backtest")]
    installed = shutil.which("ballast-backtest")
    if installed:
        return [installed]
    raise NotFound("ballast-backtest is not there: work in a folder of Ballast's sources, or name it in BALLAST_BACKTEST")


def _backtest(script: pathlib.Path, market: str, rest: Sequence[str]) -> int:
    file = pathlib.Path(market)
    # A symbol has no such ending, and a file that is not there is told by its name.
    is_file = file.is_file() or file.name.endswith((".csv", ".gz", ".txt")) or os.sep in market
    where = ["--bars", str(file.resolve())] if is_file else ["--symbols", *market.split(",")]
    command = shlex.join([sys.executable, str(script)])
    return subprocess.call([*_backtester(script), "run", *where, "--external", command, *rest])


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(0)


def run(strategy: Type[Strategy], arguments: Optional[Sequence[str]] = None) -> NoReturn:
    """The main of a strategy's file: `if __name__ == "__main__": ballast.run(MyStrategy)`. Ends the process."""
    descriptor = os.environ.get("BALLAST_STRATEGY_FD")
    if descriptor:
        from ballast.pipe import serve
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
        sys.exit(serve(strategy, int(descriptor)))
    script = _script()
    parser = argparse.ArgumentParser(prog=script.name, description=" ".join((strategy.__doc__ or "").split()),
                                     epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--backtest", metavar="FILE.csv|SYMBOL", help="play it through a file of bars, or recorded days")
    parser.add_argument("--run-directory", metavar="FOLDER", help="the suite's .run; found by itself within its sources")
    parser.add_argument("--take-over", action="store_true", help="send away a process of this strategy that is connected")
    known, rest = parser.parse_known_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        if known.backtest:
            sys.exit(_backtest(script, known.backtest, rest))
        if rest:
            parser.error(f"there is no option {rest[0]}")
        from ballast.live import Refused, run_live
        signal.signal(signal.SIGTERM, _end)
        try:
            run_live(strategy, lambda: find_suite(known.run_directory, script), known.take_over)
        except Refused as refusal:
            sys.exit(f"{script.name}: {refusal}")
    except (NotFound, ValueError) as problem:
        sys.exit(f"{script.name}: {problem}")
    except KeyboardInterrupt:
        pass
    sys.exit(0)
