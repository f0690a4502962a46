"""gRPC's health check of every service."""
import re
import urllib.request

import grpc

from suite import layout as where

SHARDS = re.compile(r"^ballast_order_shards(?:\{[^}]*\})? (\d+)", re.MULTILINE)
SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


def states(environment):
    """{process: "serving" | "not serving" | "unreachable"}"""
    layout = where.Layout({}, {}, _managers(environment))
    return {process: state(environment, process) for process in layout.processes()}


def state(environment, process):
    with grpc.insecure_channel(f"127.0.0.1:{environment[f'BALLAST_{process.upper()}_PORT']}") as channel:
        try:
            answer = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=2)
            return "serving" if answer == SERVING else "not serving"
        except grpc.RpcError:
            return "unreachable"


def order_managers(environment):
    """[{name, state, address, shards}] where several share the accounts; shards: None when it does not say."""
    managers = _managers(environment)
    if managers == 1:
        return []
    return [{"name": name, "state": state(environment, name), "shards": _shards(environment, name),
             "address": f"127.0.0.1:{environment[f'BALLAST_{name.upper()}_PORT']}"}
            for name in where.manager_names(managers)]


def _managers(environment):
    return int(environment.get("BALLAST_ORDER_MANAGERS", 1))


def _shards(environment, name):
    port = environment[f"BALLAST_{name.upper()}_METRICS_PORT"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            found = SHARDS.search(answer.read().decode())
    except (OSError, ValueError):
        return None
    return int(found.group(1)) if found else None
