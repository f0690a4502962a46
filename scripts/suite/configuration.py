"""Writes .run/ballast.yaml and .run/env."""
import json

from suite import layout as where
from suite.secrets_store import write_private

DEMO = {
    "order_management": {"accounts": ["paper:PAPER:USD:100000:paper"]},
    "broker_gateway": {"market_seed": 7},
}


def write(layout, overrides):
    """`overrides` is {section: {key: value}} on top of the demo's settings."""
    common = {
        "postgres_host": "127.0.0.1",
        "postgres_port": layout.ports["postgres"],
        "postgres_database": "ballast",
        "redis_address": f"127.0.0.1:{layout.ports['redis']}",
        "redis_password_file": str(layout.secrets / "redis"),
        "log_directory": str(layout.logs),
        "run_directory": str(layout.run),
    }
    for service in where.SERVICES:
        common[f"{service}_address"] = f"127.0.0.1:{layout.ports['grpc.' + service]}"
    sections = {"common": common}
    for service in where.SERVICES:
        sections[service] = {
            "grpc_listen": f"127.0.0.1:{layout.ports['grpc.' + service]}",
            "metrics_listen": f"127.0.0.1:{layout.ports['metrics.' + service]}",
            "postgres_password_file": str(layout.secrets / f"postgres_{service}"),
        }
    for source in (DEMO, overrides):
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

    environment = [f"BALLAST_POSTGRES_PORT={layout.ports['postgres']}",
                   f"BALLAST_REDIS_PORT={layout.ports['redis']}"]
    for service in where.SERVICES:
        environment.append(f"BALLAST_{service.upper()}_PORT={layout.ports['grpc.' + service]}")
        environment.append(f"BALLAST_{service.upper()}_METRICS_PORT={layout.ports['metrics.' + service]}")
    write_private(layout.environment, "\n".join(environment) + "\n")


def read_environment(run):
    path = run / "env"
    if not path.exists():
        raise SystemExit(f"no {path}: the suite was never started here (./scripts/run)")
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
