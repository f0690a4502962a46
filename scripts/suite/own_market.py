"""A user's own bars as the market of a replay: exported from the suite that keeps them, quoted, written as recorded data."""
import csv
import decimal
import datetime
import os
import pathlib
import subprocess

from suite import layout as where
from suite.secrets_store import ensure_directory

D = decimal.Decimal
TRADES = "time_utc,open,high,low,close,volume"
QUOTES = "time_utc,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size"
# As a backtest quotes bars that nobody did (docs/reference/backtest.md): around the close, never below a tick, rounded outwards, with a tenth
# of the volume on each side.
HALF_SPREAD = D("0.0001")
VOLUME_RATIO = D("0.1")
MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}


class Refused(Exception):
    pass


def quote(close, volume, tick, lot, row=None):
    """bid, bid_size, ask, ask_size of one bar; the file's own where it has them."""
    bid = ((close - close * HALF_SPREAD) / tick).to_integral_value(decimal.ROUND_FLOOR) * tick
    ask = ((close + close * HALF_SPREAD) / tick).to_integral_value(decimal.ROUND_CEILING) * tick
    if bid >= ask:
        ask = bid + tick
    size = max((volume * VOLUME_RATIO / lot).to_integral_value(decimal.ROUND_DOWN) * lot, lot)
    bid_size = ask_size = size
    if row and row.get("bid") and row.get("ask") and 0 < D(row["bid"]) < D(row["ask"]):
        bid = (D(row["bid"]) / tick).to_integral_value(decimal.ROUND_FLOOR) * tick
        ask = (D(row["ask"]) / tick).to_integral_value(decimal.ROUND_CEILING) * tick
        bid_size = D(row["bid_size"]) if row.get("bid_size") and D(row["bid_size"]) > 0 else size
        ask_size = D(row["ask_size"]) if row.get("ask_size") and D(row["ask_size"]) > 0 else size
    return bid, bid_size, ask, ask_size


def plain(number):
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def write(export, folder, instrument, timeframe):
    """`export`: CSV as `scripts/data export` writes it. Writes the two files of the symbol into `folder`; returns how many rows."""
    if timeframe not in MINUTES:
        raise Refused(f"bars of {timeframe} cannot be replayed: {', '.join(MINUTES)} can; a backtest plays the others")
    symbol, *pairs = instrument.split(",")
    known = dict(pair.split("=", 1) for pair in pairs)
    tick, lot = D(known["tick_size"]), D(known["lot_size"])
    ensure_directory(folder)
    rows = 0
    # A longer bar is known at its end, so its close is a row of the last minute of it.
    shift = datetime.timedelta(minutes=MINUTES[timeframe] - 1)
    with open(export, newline="") as source, open(folder / f"{symbol}_1m_trades.csv.gz", "w") as trades, \
            open(folder / f"{symbol}_1m_quotes.csv.gz", "w") as quotes:
        print(TRADES, file=trades)
        print(QUOTES, file=quotes)
        for row in csv.DictReader(source):
            time = (datetime.datetime.fromisoformat(row["time_utc"].replace("Z", "")) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
            close, volume = D(row["close"]), D(row["volume"] or "0")
            prices = [row[name] for name in ("open", "high", "low", "close")] if MINUTES[timeframe] == 1 else [row["close"]] * 4
            bid, bid_size, ask, ask_size = quote(close, volume, tick, lot, row)
            print(time, *prices, row["volume"] or "0", sep=",", file=trades)
            print(time, *[plain(bid)] * 4, plain(bid_size), *[plain(ask)] * 4, plain(ask_size), sep=",", file=quotes)
            rows += 1
    if not rows:
        raise Refused("there is not one bar in it")
    return rows


def _data(bin_folder, *arguments):
    environment = dict(os.environ, **({"BALLAST_BIN": str(bin_folder)} if bin_folder else {}))
    done = subprocess.run([where.TOP / "scripts/data", *arguments], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Refused(done.stderr.strip().removeprefix("ballast-data: ") or f"scripts/data ends with {done.returncode}")
    return done.stdout


def prepare(names, run, bin_folder, say):
    """The settings of the broker gateway for a replay of these data sets; the suite that keeps them has to run, or to have run for this before."""
    # Beside the run folder: that one is set aside when the replay starts anew.
    folder = run.with_name(f"{run.name}-own") / "+".join(name.replace("/", "_") for name in names)
    symbols, instruments = [], []
    for name in names:
        told = folder / f"{name.replace('/', '_')}.arguments"
        try:
            words = _data(bin_folder, "arguments", name).split("\n")
            ensure_directory(folder)
            export = folder / "export.csv"
            _data(bin_folder, "export", name, "--out", str(export))
            rows = write(export, folder, words[1], words[3])
            export.unlink()
            told.write_text("\n".join(words))
            say(f"Own data: {rows:,} bars of {name}, {words[3]}, quoted 0.02 % around the close where the file has no bid and ask")
        except Refused as problem:
            if "does not answer" not in str(problem) or not told.exists():
                hint = " (data sets are kept by the suite: ./scripts/run --detach)" if "does not answer" in str(problem) else ""
                raise SystemExit(f"run: own:{name}: {problem}{hint}") from None
            words = told.read_text().split("\n")
            say(f"Own data: {name} as it was exported last; the suite that keeps it does not run")
        symbols.append(words[1].split(",")[0])
        instruments.append(words[1])
    if len(set(symbols)) != len(symbols):
        raise SystemExit("run: a symbol is in two of the data sets")
    return pathlib.Path(folder), symbols, instruments
