"""Recorded data is judged before anything starts; a second run says what it is and where it begins."""
import json
import pathlib
import shutil
import subprocess
import time

from suite import layout as where
from suite.secrets_store import ensure_directory, write_private
from suite.stores import Postgres
from suite.supervisor import Supervisor, claim

CHECK_S_MAX = 300


def _refuse(problems):
    raise SystemExit("\n".join(f"run: {problem}" for problem in problems))


def refuse_missing_files(settings):
    """Before the long build: what can be said of the data by its files' names."""
    directory = pathlib.Path(str(settings.get("replay_directory", "data")))
    symbols = settings.get("replay_symbols", ["SPY", "IBM", "BAC"])
    symbols = symbols.replace(",", ";").split(";") if isinstance(symbols, str) else [str(symbol) for symbol in symbols]
    if not directory.is_dir():
        _refuse([f"there is no folder {directory} with recorded data (broker_gateway.replay_directory)"])
    problems = []
    for symbol in filter(None, (symbol.strip() for symbol in symbols)):
        missing = [name for name in (f"{symbol}_1m_trades.csv.gz", f"{symbol}_1m_quotes.csv.gz")
                   if "/" in name or not (directory / name).exists()]
        if missing:
            there = sorted(path.name.removesuffix("_1m_trades.csv.gz") for path in directory.glob("*_1m_trades.csv.gz"))
            problems.append(f"symbol '{symbol}': there is no {' and no '.join(missing)} in {directory}"
                            f" (there: {', '.join(there[:20]) or 'no recorded data'})")
    if problems:
        _refuse(problems)


def judge(layout, bin_folder, say):
    """The gateway's judgement of the data it is about to trade on; ends the script when it refuses."""
    command = [str(bin_folder / where.executable("broker_gateway")), "--config", str(layout.config), "--check-data"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_S_MAX)
        verdict = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        _refuse([f"the recorded data could not be judged within {CHECK_S_MAX} s"])
    except ValueError:
        _refuse([f"the recorded data could not be judged: {done.stderr.strip() or done.returncode}"])
    if done.returncode != 0:
        _refuse(verdict.get("problems") or [done.stderr.strip() or f"--check-data ends with {done.returncode}"])
    for warning in verdict.get("warnings", ()):
        say(f"Data: {warning}")
    return verdict


def former(layout):
    """(key, steps, step) of the replay this folder was last started with; None when there was none."""
    if not layout.replay.exists():
        return None
    try:
        kept = json.loads(layout.replay.read_text())
        key, steps = kept["key"], int(kept["steps"])
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"run: {layout.replay} cannot be read; --fresh starts anew and keeps the folder aside") from None
    return key, steps, _stored_step(layout, key)


def _stored_step(layout, key):
    """Where the replay stands is in the gateway's tables and nowhere else: they go with what it traded."""
    looking = where.Layout.make(layout.run, free_ports=True)
    if not (looking.postgres_home / "data/PG_VERSION").exists():
        return 0
    claimed = claim(looking)
    postgres = Postgres(looking)
    try:
        Supervisor(looking, where.TOP, print, ()).end_leftovers()
        postgres.start()
        return int(postgres.ask("SELECT coalesce(max(step), 0) FROM broker_gateway.market_position WHERE source = "
                                f"'{key.replace(chr(39), chr(39) * 2)}'", "broker_gateway.market_position") or 0)
    finally:
        postgres.stop()
        claimed.close()


def set_aside(layout):
    """Renames the run folder; returns its new name. The token and the user's settings go on."""
    name = layout.run.name + time.strftime("-%Y%m%dT%H%M%SZ", time.gmtime())
    free = (layout.run.with_name(name + more) for more in ("", *(f"-{number}" for number in range(2, 100))))
    aside = next(path for path in free if not path.exists())
    home = layout.postgres_home
    layout.run.rename(aside)
    if home.is_relative_to(layout.run):
        home = aside / home.relative_to(layout.run)
        write_private(aside / "postgres_home", f"{home}\n")
    elif (home / "run_directory").exists():
        (home / "run_directory").write_text(f"{aside}\n")
    ensure_directory(layout.run)
    ensure_directory(layout.secrets)
    ensure_directory(layout.logs)
    for name in ("secrets/token", "local.json"):
        if (aside / name).exists():
            shutil.copy2(aside / name, layout.run / name)
    return aside


def begin(layout, verdict, fresh, resume, say):
    """Says whether this is a second run and where it begins. True: the folder is a new one and needs its settings."""
    steps = int(verdict["steps"])
    known = None if fresh else former(layout)
    if fresh and layout.config.exists() and (layout.replay.exists() or (layout.run / "postgres_home").exists()):
        say(f"Starting anew as told; the former run is kept in {set_aside(layout)}.")
        started_anew = True
    elif known is None:
        if resume:
            raise SystemExit(f"run: --resume: there is no former replay in {layout.run}")
        started_anew = False
    else:
        started_anew = _second(layout, verdict, known, resume, say)
    write_private(layout.replay, json.dumps({"key": verdict["key"], "steps": steps}) + "\n")
    return started_anew


def _second(layout, verdict, known, resume, say):
    key, steps, step = known
    same = key == verdict["key"]
    finished = step >= steps
    if same and not finished:
        if step > 0:
            say(f"This is a second run: it goes on after step {step:,} of {steps:,}. --fresh starts anew.")
        return False
    if same and resume:
        say(f"This is a second run of a replay that is over ({steps:,} of {steps:,} steps): it is shown as it ended.")
        return False
    if not same and step > 0 and (resume or not finished):
        raise SystemExit(f"run: {layout.run} stands at step {step:,} of {steps:,} of other recorded data ({key}; now"
                         f" {verdict['key']}). A run goes on with the rows it began with: put them back, or --fresh"
                         " starts anew and keeps the former run aside.")
    if not same and step == 0:
        say(f"The recorded data is another than at the last start, which traded nothing; that run is kept in"
            f" {set_aside(layout)}.")
        return True
    change = "" if same else "; the data has other rows now"
    say(f"This is a second run: the former one is over ({steps:,} of {steps:,} steps){change}. It starts anew; the former"
        f" one is kept in {set_aside(layout)}." + (" --resume would show it as it ended." if same else ""))
    return True
