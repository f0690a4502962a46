"""`scripts/status`: what a trading terminal shows."""
import datetime
import decimal
import json
import re
import sys
import urllib.error

from suite import client, health

RUNNING, DEGRADED, NOT_RUNNING = 0, 1, 3
WIDTH = 100
CODES = {"green": "32", "red": "31", "dim": "2", "bold": "1", "paper": "30;46", "live": "1;37;41", "warn": "33"}
D = decimal.Decimal


def _paint(text, colour):
    return f"\033[{CODES[colour]}m{text}\033[0m" if sys.stdout.isatty() else text


UNKNOWN = "unknown"


def _number(text):
    """None: not known, which is not nought."""
    try:
        return D(text)
    except (decimal.InvalidOperation, TypeError):
        return None


def _money(text, places=2):
    value = _number(text)
    return UNKNOWN if value is None else f"{value:,.{places}f}"


def _price(text):
    """At least two places, no zeros behind them."""
    value = _number(text)
    if value is None:
        return UNKNOWN
    shown = f"{value.normalize():,f}"
    whole, _, places = shown.partition(".")
    return f"{whole}.{places[:8].ljust(2, '0')}"


def _signed(value, text, width=0):
    padded = text.rjust(width)
    return _paint(padded, "green" if value > 0 else "red") if value else padded


def _pnl(text):
    value = _number(text)
    return UNKNOWN if value is None else _signed(value, f"{value:+,.2f}")


def _word(value, prefix):
    return (value or "").removeprefix(prefix).lower().replace("_", " ")


def _time(text):
    try:
        moment = datetime.datetime.fromisoformat(text[:19])
    except (TypeError, ValueError):
        return ""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _age(text):
    try:
        started = datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.timezone.utc)
    except (TypeError, ValueError):
        return ""
    seconds = int((datetime.datetime.now(datetime.timezone.utc) - started).total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"for {days} d {hours} h"
    return f"for {hours} h {minutes} min" if hours else f"for {minutes} min {seconds % 60} s"


def _table(head, rows, right):
    """Aligned columns; a cell is text or (number, text): the number's sign colours it."""
    plain = [[cell[1] if isinstance(cell, tuple) else cell for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *plain]) for i in range(len(head))]
    print("  " + _paint("  ".join(name.rjust(width) if i in right else name.ljust(width)
                                  for i, (name, width) in enumerate(zip(head, widths))).rstrip(), "dim"))
    for row in rows:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths)):
            if isinstance(cell, tuple):
                cells.append(_signed(cell[0], cell[1], width))
            else:
                cells.append(cell.rjust(width) if i in right else cell.ljust(width))
        print("  " + "  ".join(cells).rstrip())


def _section(title):
    print(f"\n{_paint(title, 'bold')}")


def _positions(rows):
    table = []
    for row in rows:
        quantity = _number(row.get("quantity"))
        pnl = _number(row.get("unrealised_pnl"))
        cost = abs(quantity * _number(row.get("average_price")))
        ratio = f"{pnl / cost * 100:+.2f} %" if pnl is not None and cost else ""
        table.append([row["symbol"], "LONG" if quantity > 0 else "SHORT", f"{abs(quantity).normalize():,f}",
                      _price(row.get("average_price")), _price(row.get("mark_price")), _money(row.get("market_value")),
                      UNKNOWN if pnl is None else (pnl, f"{pnl:+,.2f}"), (pnl, ratio) if ratio else "",
                      "stale price" if row.get("mark_stale") else ""])
    _table(["Symbol", "Side", "Quantity", "Entry", "Current", "Value", "P&L", "P&L %", ""], table, {2, 3, 4, 5, 6, 7})


def _deployments(rows):
    table = []
    for row in rows:
        spec = row.get("spec") or {}
        symbols = spec.get("symbols") or []
        shown = ",".join(symbols[:3]) + (f" +{len(symbols) - 3}" if len(symbols) > 3 else "")
        table.append([row["deployment_id"], spec.get("strategy_id", ""), spec.get("timeframe", ""), shown,
                      _word(row.get("status"), "DEPLOYMENT_STATUS_"), str(row.get("signals", 0)),
                      str(row.get("orders", 0)), str(row.get("open_positions", 0)),
                      row.get("status_reason") or row.get("last_signal") or ""])
    _table(["Deployment", "Strategy", "Frame", "Symbols", "Status", "Signals", "Orders", "Open", "Last"], table,
           {5, 6, 7})


def _services(states):
    for row in states:
        mark = _paint("●", "green" if row["state"] == "serving" else "red") if sys.stdout.isatty() else (
            "+" if row["state"] == "serving" else "!")
        print(f"  {mark} {row['name']:<18}{row['state'].replace('_', ' '):<14}{row.get('address', '')}".rstrip())


def _order_managers(managers):
    def writes(row):
        return UNKNOWN if row["shards"] is None else f"{row['shards']} of {len(managers)} shards"
    _table(["Order manager", "State", "Writes", "Address"],
           [[row["name"], row["state"], writes(row), row["address"]] for row in managers], set())


def _print(environment, status):
    summary = status.get("summary") or {}
    live = status.get("mode") == "ACCOUNT_MODE_LIVE"
    badge = _paint(" LIVE · real money ", "live") if live else _paint(" PAPER · simulated money ", "paper")
    name = _paint("Ballast " + status.get("version", ""), "bold")
    print(f"{name}  {badge if sys.stdout.isatty() else badge.strip()}  {environment['BALLAST_URL']}")
    print("─" * WIDTH)
    running = bool(status.get("running"))
    market = "open" if status.get("market_open") else "closed"
    details = [part for part in (status.get("market_source"), _time(status.get("market_time"))) if part]
    currency = summary.get("currency", "")
    rows = [
        ("Engine", _paint("running", "green") if running else _paint("DEGRADED", "red"),
         _age(status.get("start_time"))),
        ("Market", _paint(market, "green" if market == "open" else "warn"), ", ".join(details)),
        ("Mode", "LIVE" if live else "PAPER", f"account {summary.get('account_id') or 'paper'}"),
        ("Signals", f"{int(status.get('signals') or 0):,}", ""),
        ("Orders", f"{int(status.get('orders') or 0):,}", f"{int(status.get('working_orders') or 0)} working"),
        ("Positions", f"{int(summary.get('open_positions') or 0)}",
         f"exposure {_money(summary.get('gross_exposure'))} {currency}"),
        ("Capital", f"{_money(summary.get('equity'))} {currency}", f"cash {_money(summary.get('cash'))} {currency}"),
        ("P&L day", _pnl(summary.get("day_pnl")), "some prices are stale" if summary.get("any_mark_stale") else ""),
        ("P&L", f"{_pnl(summary.get('realised_pnl'))} realised",
         f"{_pnl(summary.get('unrealised_pnl'))} unrealised   {_money(summary.get('fees'))} fees"),
    ]
    for name, value, detail in rows:
        visible = re.sub(r"\033\[[0-9;]*m", "", value)  # colour codes have no width on the screen
        print(f"  {name:<11}{value}{' ' * max(2, 26 - len(visible)) if detail else ''}{detail}")
    positions = status.get("positions") or []
    _section(f"Positions ({len(positions)})")
    _positions(positions) if positions else print("  none open")
    deployments = status.get("deployments") or []
    _section(f"Deployments ({len(deployments)})")
    _deployments(deployments) if deployments else print("  none")
    if managers := status.get("order_managers"):
        _section(f"Order managers ({len(managers)})")
        _order_managers(managers)
    _section("Services")
    _services(status.get("services") or [])


def _not_answering(environment, problem):
    """The gateway is away: what its peers say shows whether anything runs at all."""
    states = health.states(environment)
    if all(state == "unreachable" for state in states.values()):
        print(f"Not running: nothing answers at {environment['BALLAST_URL']}. ./scripts/run starts the suite.",
              file=sys.stderr)
        return NOT_RUNNING
    print(f"DEGRADED: the gateway at {environment['BALLAST_URL']} does not answer ({problem}).")
    _services([{"name": name, "state": state, "address": f"127.0.0.1:{environment[f'BALLAST_{name.upper()}_PORT']}"}
               for name, state in states.items()])
    return DEGRADED


def show(environment, as_json=False):
    """Prints the status. 0: all serve, 1: something does not, 3: not running."""
    if "BALLAST_TOKEN" not in environment:
        print("Not running: the suite was never started here. ./scripts/run starts it.", file=sys.stderr)
        return NOT_RUNNING
    try:
        status = client.get(environment, "/api/live/status")
    except urllib.error.HTTPError as refusal:
        print(f"The gateway refuses: {refusal.code} {refusal.read().decode(errors='replace')}", file=sys.stderr)
        return DEGRADED
    except (OSError, ValueError) as problem:
        return _not_answering(environment, getattr(problem, "reason", problem))
    # The gateway knows one address for all of them, and whoever is there answers.
    if managers := health.order_managers(environment):
        status["order_managers"] = managers
    if as_json:
        print(json.dumps(status, indent=2))
    else:
        _print(environment, status)
    missing = any(manager["state"] != "serving" for manager in managers)
    return RUNNING if status.get("running") and not missing else DEGRADED
