"""scripts/calibrate: what the own orders say of slippage, fills and latency, with how sure that is; the paper venue set to it on request."""
import argparse
import decimal
import json
import math
import pathlib
import statistics
import time
import urllib.error

from suite import client, configuration, layout as where
from suite.secrets_store import ensure_directory, write_private

D = decimal.Decimal
# Below so many nothing is applied: a mean of ten orders is a story.
LEAST = 30
LATENCY_MS_MAX, SLIPPAGE_TICKS_MAX = 10_000, 100
ENDED = {"ORDER_STATUS_FILLED", "ORDER_STATUS_CANCELED", "ORDER_STATUS_EXPIRED"}


def student(degrees):
    """Two-sided 95 % quantile of Student's t: Cornish and Fisher's expansion, within 0.03 from 3 degrees on."""
    if degrees < 3:
        return {1: 12.706, 2: 4.303}.get(degrees, math.inf)
    z, n = 1.959964, degrees
    return z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2) + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * n ** 3)


def mean_with_band(values):
    """n, mean, deviation and the half width of the mean's 95 % interval."""
    n = len(values)
    if n == 0:
        return {"n": 0, "mean": None, "deviation": None, "half_width": None}
    deviation = statistics.stdev(values) if n > 1 else None
    return {"n": n, "mean": statistics.fmean(values), "deviation": deviation,
            "half_width": student(n - 1) * deviation / math.sqrt(n) if n > 1 else None}


def share_with_band(hits, n):
    """The share with Wilson's 95 % interval."""
    if n == 0:
        return {"n": 0, "share": None, "low": None, "high": None}
    z, p = 1.959964, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"n": n, "share": p, "low": max(0.0, middle - half), "high": min(1.0, middle + half)}


def pages(environment, path, key):
    rows, token = [], ""
    while True:
        answer = client.get(environment, f"{path}{'&' if '?' in path else '?'}page_size=500{'&page_token=' + token if token else ''}", timeout_s=20)
        rows += answer.get(key, [])
        token = answer.get("next_page_token", "")
        if not token:
            return rows


def slippages(orders, decisions, ticks):
    """(basis points, ticks) of each entry against the quote of its decision; worse is positive."""
    by_id = {order["order_id"]: order for order in orders}
    found = []
    for decision in decisions:
        order = by_id.get(decision.get("order_id"))
        price = D(decision.get("inputs", {}).get("price", "0"))
        if order is None or price <= 0 or not D(order["cumulative_quantity"] or "0"):
            continue
        worse = (D(order["average_price"]) - price) * (1 if order["side"] == "SIDE_BUY" else -1)
        tick = D(ticks.get(order["symbol"], "0"))
        found.append((float(worse / price * 10_000), float(worse / tick) if tick else None))
    return found


def fit(orders, decisions, ticks, timing, fills, summary):
    """The report. Everything in it is of `orders` that left and have ended."""
    slips = slippages(orders, decisions, ticks)
    slippage = mean_with_band([bps for bps, _ in slips])
    in_ticks = [tick for _, tick in slips if tick is not None]
    limits = [order for order in orders if order["type"] == "ORDER_TYPE_LIMIT" and order["status"] in ENDED]
    filled = [order for order in limits if order["status"] == "ORDER_STATUS_FILLED"]
    turnover = sum((D(fill["quantity"]) * D(fill["price"]) for fill in fills), D(0))
    equity, opening = D(summary["equity"]), D(summary["opening_cash"])
    band = None if slippage["half_width"] is None else float(turnover) * slippage["half_width"] / 10_000
    ack = timing.get("time_to_ack") or {}
    return {
        "slippage_bps": slippage,
        "slippage_ticks_median": statistics.median(in_ticks) if in_ticks else None,
        "limit_fill": share_with_band(len(filled), len(limits)),
        "latency_ms": {"n": int(ack.get("count", 0)), "p50": ack.get("p50_ms"), "p90": ack.get("p90_ms"), "p99": ack.get("p99_ms")},
        "first_fill_ms": {"n": int((timing.get("time_to_first_fill") or {}).get("count", 0)),
                          "p50": (timing.get("time_to_first_fill") or {}).get("p50_ms"), "p90": (timing.get("time_to_first_fill") or {}).get("p90_ms")},
        "pnl": {"value": str(equity - opening), "band": band, "turnover": str(turnover), "currency": summary["currency"]},
    }


def settings(report, held=None):
    """What the paper venue would be set to, and why not for the rest. `held`: what it was set to while these orders were made; it is in
    what was measured of them, and is not what they say beyond it. None: they were not made at the paper venue."""
    chosen, refused = {}, []
    own = held or {}
    if report["slippage_bps"]["n"] >= LEAST and report["slippage_ticks_median"] is not None:
        beyond = report["slippage_ticks_median"] - own.get("paper_slippage_ticks", 0)
        chosen["paper_slippage_ticks"] = min(SLIPPAGE_TICKS_MAX, max(0, round(beyond)))
    else:
        refused.append(f"slippage: {report['slippage_bps']['n']} entries, at least {LEAST} expected")
    if held is not None:
        # Its answer comes before its latency: what is measured is the suite's own way, which is there without being set.
        refused.append("latency: the paper venue's own orders say nothing of what it should be set to")
    elif report["latency_ms"]["n"] >= LEAST and report["latency_ms"]["p50"] is not None:
        chosen["paper_latency_ms"] = min(LATENCY_MS_MAX, max(0, round(report["latency_ms"]["p50"])))
    else:
        refused.append(f"latency: {report['latency_ms']['n']} orders, at least {LEAST} expected")
    return chosen, refused


def held_settings(run):
    """What the paper venue of the running suite is set to: as scripts/run wrote it at its start."""
    held, section = {"paper_slippage_ticks": 0}, ""
    config = run / "ballast.yaml"
    for line in config.read_text().splitlines() if config.exists() else ():
        key, _, value = line.strip().partition(": ")
        if line and not line.startswith((" ", "#")):
            section = line.rstrip(":")
        elif section == "broker_gateway" and key in held:
            held[key] = int(json.loads(value))
    return held


def held_since(run, held):
    """Seconds since 1970 from which on orders were made under `held`; 0: all of them. Kept beside the reports."""
    path, config = run / "calibration/held.json", run / "ballast.yaml"
    kept = json.loads(path.read_text()) if path.exists() else {"held": {name: 0 for name in held}, "since": 0}
    if kept["held"] != held:
        kept = {"held": held, "since": config.stat().st_mtime if config.exists() else 0}
    ensure_directory(path.parent)
    write_private(path, json.dumps(kept) + "\n")
    return kept["since"]


def apply(run, chosen):
    """Into the user's settings; they hold from the next start on."""
    path = run / "local.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept.setdefault("broker_gateway", {}).update(chosen)
    write_private(path, json.dumps(kept, indent=2) + "\n")


def at_paper(environment, account):
    accounts = client.get(environment, "/api/live/accounts", timeout_s=20).get("accounts", [])
    return any(one["account_id"] == account and one.get("broker") in ("", "paper") for one in accounts)


def gather(environment, account, since=0):
    deployments = client.get(environment, f"/api/trading/deployments?account_id={account}", timeout_s=20).get("deployments", [])
    decisions = [row for one in deployments
                 for row in pages(environment, f"/api/trading/decisions/{one['deployment_id']}?account_id={account}", "decisions")]
    summary = client.get(environment, f"/api/live/summary?account_id={account}", timeout_s=20)
    ticks = {one["symbol"]: one["tick_size"] for one in client.get(environment, "/api/live/instruments", timeout_s=20).get("instruments", [])}
    orders = pages(environment, f"/api/live/orders?account_id={account}", "orders")
    if since:
        begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
        orders = [order for order in orders if order["create_time"] >= begin]
    window = min(2678400, max(1, math.ceil(time.time() - since)))
    return fit(orders, decisions, ticks,
               client.get(environment, f"/api/live/orders/statistics?account_id={account}&window_seconds={window}", timeout_s=20),
               pages(environment, f"/api/live/fills?account_id={account}", "fills"),
               summary.get("summary", summary))


def words(report):
    def number(value, unit=""):
        return "not known" if value is None else f"{value:.3g}{unit}"

    slip, limit, latency, pnl = report["slippage_bps"], report["limit_fill"], report["latency_ms"], report["pnl"]
    band = "" if pnl["band"] is None else f" ± {pnl['band']:,.2f}"
    return "\n".join((
        f"Slippage    {number(slip['mean'], ' bp')} ± {number(slip['half_width'], ' bp')} of the mean (95 %), n {slip['n']}, median {number(report['slippage_ticks_median'], ' ticks')}",
        f"Limit fills {number(limit['share'])} (95 %: {number(limit['low'])} to {number(limit['high'])}), n {limit['n']}",
        f"Latency     to the broker's answer {number(latency['p50'], ' ms')} in the middle, {number(latency['p90'], ' ms')} p90, {number(latency['p99'], ' ms')} p99, n {latency['n']}",
        f"P&L         {D(pnl['value']):,.2f}{band} {pnl['currency']} on a turnover of {D(pnl['turnover']):,.0f}: as sure as the slippage is"))


def main():
    parser = argparse.ArgumentParser(prog="scripts/calibrate", description=__doc__)
    parser.add_argument("--account", default="paper")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--apply", action="store_true", help="set the paper venue to it, from the next start on")
    parser.add_argument("--run-directory", type=lambda text: pathlib.Path(text).resolve(), default=where.TOP / ".run")
    arguments = parser.parse_args()
    run = arguments.run_directory
    environment = configuration.read_environment(run)
    if "BALLAST_URL" not in environment:
        raise SystemExit(f"calibrate: no suite has run in {run}: ./scripts/run --detach starts one; --run-directory says where another one is")
    try:
        held = held_settings(run) if at_paper(environment, arguments.account) else None
        report = gather(environment, arguments.account, 0 if held is None else held_since(run, held))
    except urllib.error.HTTPError as problem:
        raise SystemExit(f"calibrate: {problem.read().decode(errors='replace')}") from None
    except OSError as problem:
        raise SystemExit(f"calibrate: the suite does not answer (./scripts/run --detach): {problem}") from None
    chosen, refused = settings(report, held)
    report["held_settings"] = held
    report["paper_settings"], report["not_fitted"] = chosen, refused
    kept = run / "calibration" / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    ensure_directory(kept.parent)
    write_private(kept, json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2) if arguments.json else words(report))
    if not arguments.json:
        for why in refused:
            print(f"Not fitted  {why}")
        print(f"Kept        {kept}")
    if arguments.apply:
        if not chosen:
            raise SystemExit("calibrate: there is nothing to apply: " + "; ".join(refused))
        apply(run, chosen)
        if not arguments.json:
            print(f"Applied     {', '.join(f'{name}={value}' for name, value in chosen.items())}; it holds from the next start on")


if __name__ == "__main__":
    main()
