"""Writes .run/ballast.yaml and .run/env."""
import json
import re

from suite import layout as where, stores
from suite.secrets_store import ensure_secret, write_private

STRATEGY = ("fast=5,slow=20,position_size_ratio=0.0195,stop_loss_ratio=0.02,take_profit_ratio=0.05,"
            "max_open_positions=3,allow_short=true")


def deployment(name, symbols, timeframe):
    return f"{name}|ema_cross|paper|{','.join(symbols)}|{timeframe}|{STRATEGY}"


DEMO = {
    "order_management": {"accounts": ["paper:PAPER:USD:100000:paper"]},
    "broker_gateway": {"market_seed": 7},
    "strategy_runner": {"deployments": [deployment(
        "ema-demo", ["BTC-USD", "ETH-USD", "SOL-USD", "AAPL", "MSFT", "NVDA", "TSLA", "SPY"], "5s")]},
}


def market(source, symbols, speed, instruments=()):
    """The settings for `--market`, `--symbols`, `--speed` and `--instrument`; None: not given."""
    broker = {}
    if instruments:
        broker["replay_instruments"] = list(instruments)
    if speed is not None:
        broker["market_speed"] = speed
    if source is not None:
        broker["market_source"] = source
    if source != "replay":
        return {"broker_gateway": broker} if broker else {}
    symbols = symbols or ["SPY", "IBM", "BAC"]
    broker.setdefault("market_speed", "60")
    broker.update(replay_directory=str(where.TOP / "data"), replay_symbols=symbols)
    # A deployment keeps its symbols for life, so the replay's has a name of its own.
    return {"broker_gateway": broker,
            "strategy_runner": {"deployments": [deployment("ema-replay", symbols, "1m")],
                                # Recorded equities: what deployments hold is closed at 15:55 in New York, and each day has its
                                # report. What a person bought by hand stays his overnight.
                                "day_end": ["paper|XNYS|liquidate.=false"]}}


def market_source(layout):
    """Which market the folder was last started with; None: never started."""
    if not layout.config.exists():
        return None
    found = re.search(r'^  market_source: "(\w+)"$', layout.config.read_text(), re.M)
    return found[1] if found else "simulated"


def broker(overrides):
    """The gateway's settings as `write` will merge them."""
    merged = {}
    for source in (DEMO, *overrides):
        merged.update(source.get("broker_gateway", {}))
    return merged


def write(layout, *overrides):
    """Each of `overrides` is {section: {key: value}}; later ones win over earlier ones and over the demo's settings."""
    stores.choose_postgres_home(layout)
    token = ensure_secret(layout.secrets / "token")
    common = {
        "postgres_host": layout.postgres_address,
        "postgres_port": layout.ports["postgres"],
        "postgres_database": "ballast",
        "redis_address": f"127.0.0.1:{layout.ports['redis']}",
        "redis_password_file": str(layout.secrets / "redis"),
        "log_directory": str(layout.logs),
        "run_directory": str(layout.run),
    }
    for service in where.SERVICES:
        common[f"{service}_address"] = f"127.0.0.1:{layout.ports['grpc.' + service]}"
    managers = where.manager_names(layout.order_managers)
    if len(managers) > 1:
        # Whoever of them is there is asked: each passes on what is another one's.
        common["order_management_address"] = "ipv4:" + ",".join(
            f"127.0.0.1:{layout.ports['grpc.' + manager]}" for manager in managers)
    sections = {"common": common}
    for service in where.SERVICES:
        sections[service] = {
            "grpc_listen": f"127.0.0.1:{layout.ports['grpc.' + service]}",
            "metrics_listen": f"127.0.0.1:{layout.ports['metrics.' + service]}",
            "postgres_password_file": str(layout.secrets / f"postgres_{service}"),
        }
    sections["order_management"]["order_managers"] = layout.order_managers
    sections["positions"]["trade_log_directory"] = str(layout.logs)
    sections["strategy_runner"]["token_file"] = str(layout.secrets / "token")
    sections["strategy_runner"]["backtest_data"] = str(where.TOP / "data")
    gateway = {
        "http_listen": f"127.0.0.1:{layout.ports['http']}",
        # The gateway serves REST without a dashboard, and refuses a folder that is not there.
        "web_root": str(where.WEB / "dist") if (where.WEB / "dist/index.html").exists() else "",
        "token_file": str(layout.secrets / "token"),
        "default_account": "paper",
    }
    for source in (DEMO, {"api_gateway": gateway}, *overrides):
        for section, values in source.items():
            sections.setdefault(section, {}).update(values)
    # JSON scalars and lists are YAML; one key a line keeps it readable and editable.
    lines = ["# Written by scripts/run at every start. Settings of your own go to .run/local.json:",
             '# {"broker_gateway": {"market_seed": 11}}']
    for section, values in sections.items():
        lines.append(f"{section}:")
        for key, value in values.items():
            lines.append(f"  {key}: {json.dumps(value)}")
    write_private(layout.config, "\n".join(lines) + "\n")

    environment = [f"BALLAST_URL=http://127.0.0.1:{layout.ports['http']}",
                   f"BALLAST_TOKEN={token}",
                   f"BALLAST_STRATEGY_ADDRESS=127.0.0.1:{layout.ports['grpc.strategy_runner']}",
                   f"BALLAST_HTTP_PORT={layout.ports['http']}",
                   f"BALLAST_POSTGRES_PORT={layout.ports['postgres']}",
                   f"BALLAST_REDIS_PORT={layout.ports['redis']}"]
    environment.append(f"BALLAST_ORDER_MANAGERS={layout.order_managers}")
    for service in layout.processes():
        environment.append(f"BALLAST_{service.upper()}_PORT={layout.ports['grpc.' + service]}")
        environment.append(f"BALLAST_{service.upper()}_METRICS_PORT={layout.ports['metrics.' + service]}")
    write_private(layout.environment, "\n".join(environment) + "\n")


def of_process(layout, process):
    """The settings in which one of several order managers differs from the others, as variables."""
    if process == where.service_of(process):
        return {}
    return {"BALLAST_ORDER_MANAGEMENT_ORDER_MANAGER": process.removeprefix("order_management_"),
            "BALLAST_ORDER_MANAGEMENT_LOG_DIRECTORY": str(layout.logs / process),
            "BALLAST_ORDER_MANAGEMENT_GRPC_LISTEN": f"127.0.0.1:{layout.ports['grpc.' + process]}",
            "BALLAST_ORDER_MANAGEMENT_METRICS_LISTEN": f"127.0.0.1:{layout.ports['metrics.' + process]}"}


def read_environment(run):
    """The variables of .run/env; empty when the suite was never started there."""
    path = run / "env"
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
