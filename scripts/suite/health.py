"""gRPC's health check of every service."""
import grpc

from suite import layout as where

SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


def states(environment):
    """{process: "serving" | "not serving" | "unreachable"}"""
    found = {}
    layout = where.Layout({}, {}, int(environment.get("BALLAST_ORDER_MANAGERS", 1)))
    for service in layout.processes():
        with grpc.insecure_channel(f"127.0.0.1:{environment[f'BALLAST_{service.upper()}_PORT']}") as channel:
            try:
                answer = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=2)
                found[service] = "serving" if answer == SERVING else "not serving"
            except grpc.RpcError:
                found[service] = "unreachable"
    return found
