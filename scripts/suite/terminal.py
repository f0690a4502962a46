"""`scripts/status`: what a trading terminal would show."""
import decimal
import json
import sys
import urllib.error

from suite import client

CLEAR = {"green": "\033[32m", "red": "\033[31m", "dim": "\033[2m", "bold": "\033[1m", "off": "\033[0m"}


def _paint(text, colour):
    return f"{CLEAR[colour]}{text}{CLEAR['off']}" if sys.stdout.isatty() else text


def _money(text, places=2):
    value = decimal.Decimal(text or "0")
    return f"{value:,.{places}f}"


def _signed(text):
    value = decimal.Decimal(text or "0")
    shown = f"{value:+,.2f}"
    return _paint(shown, "green" if value > 0 else "red") if value else shown


def _word(value, prefix):
    return value.removeprefix(prefix).lower()


def show(environment, as_json):
    try:
        status = client.get(environment, "/api/live/status")
    except (OSError, urllib.error.URLError) as problem:
        print(f"Not running: {environment['BALLAST_URL']} does not answer ({problem}).", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(status, indent=2))
        return 0
    summary = status.get("summary") or {}
    mode = _word(status.get("mode", ""), "ACCOUNT_MODE_").upper() or "PAPER"
    print(_paint(f"Ballast {status.get('version', '')}", "bold"), f"· {environment['BALLAST_URL']}")
    print("=" * 78)
    rows = [
        ("Engine", "running" if status.get("running") else "NOT READY: " + ", ".join(
            f"{s['name']} {s['state']}" for s in status.get("services", []) if s["state"] != "serving")),
        ("Market", ("open" if status.get("market_open") else "closed") + f" ({status.get('market_source', '')}"
         f", {status.get('market_time') or ''})"),
        ("Mode", f"{mode} · {'simulated money' if mode == 'PAPER' else 'REAL MONEY'}"),
        ("Signals", status.get("signals", 0)),
        ("Orders", f"{status.get('orders', 0)} ({status.get('working_orders', 0)} working)"),
        ("Positions", summary.get("open_positions", 0)),
        ("Capital", f"{_money(summary.get('equity'))} {summary.get('currency', '')}"
         f" (cash {_money(summary.get('cash'))})"),
        ("P&L today", _signed(summary.get("day_pnl"))),
        ("P&L", f"realised {_signed(summary.get('realised_pnl'))}  unrealised {_signed(summary.get('unrealised_pnl'))}"
         f"  fees {_money(summary.get('fees'))}"),
    ]
    for name, value in rows:
        print(f"{name:<11}{value}")
    for deployment in status.get("deployments", []):
        spec = deployment.get("spec", {})
        print(f"{'Deployment':<11}{deployment['deployment_id']} · {spec.get('strategy_id')} · {spec.get('timeframe')} · "
              f"{_word(deployment['status'], 'DEPLOYMENT_STATUS_')} · {deployment.get('signals', 0)} signals"
              + (f" · {deployment['status_reason']}" if deployment.get("status_reason") else ""))
    positions = status.get("positions", [])
    print("-" * 78)
    if not positions:
        print("No open positions.")
        return 0
    print(f"{'Symbol':<10}{'Side':<7}{'Quantity':>14}{'Entry':>13}{'Current':>13}{'P&L':>12}{'P&L %':>9}")
    for row in positions:
        quantity = decimal.Decimal(row["quantity"])
        pnl = decimal.Decimal(row.get("unrealised_pnl") or "0")
        cost = abs(quantity * decimal.Decimal(row["average_price"]))
        percent = f"{pnl / cost * 100:+.2f}%" if cost else ""
        stale = " stale" if row.get("mark_stale") else ""
        print(f"{row['symbol']:<10}{'LONG' if quantity > 0 else 'SHORT':<7}{abs(quantity).normalize():>14f}"
              f"{_money(row['average_price']):>13}{_money(row['mark_price']):>13}{pnl:>+12,.2f}{percent:>9}{stale}")
    return 0
