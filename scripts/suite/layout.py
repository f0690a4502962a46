"""Where things are and which ports they have."""
import dataclasses
import os
import pathlib
import random
import socket

TOP = pathlib.Path(__file__).resolve().parents[2]
WEB = TOP / "services/api_gateway/web"

# Start order. Every service waits for its peers by itself; the order only makes the first start quick.
# Last two digits are fixed faces: gRPC 500xx, metrics 91xx.
SERVICES = {
    "broker_gateway": 54,
    "risk": 52,
    "order_management": 51,
    "positions": 53,
    "compliance_audit": 57,
    "alerts": 56,
    "strategy_runner": 55,
    "api_gateway": 50,
}
HTTP_PORT = 8080
VENUE_PORT = 9200
POSTGRES_PORT = 55432
REDIS_PORT = 56379
PORT_OFFSET_MAX = 65535 - REDIS_PORT


ORDER_MANAGERS_MAX = 16


def manager_names(count):
    """The names of the processes that share the accounts; the first is the service itself."""
    return ["order_management", *(f"order_management_{index}" for index in range(2, count + 1))]


def service_of(process):
    return "order_management" if process.startswith("order_management_") else process


def executable(process):
    return "ballast-" + service_of(process).replace("_", "-")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken=()):
    """A free port the kernel gives to no outgoing connection, so that a restarted process finds it free again."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        if port not in taken and is_free(port):
            return port


@dataclasses.dataclass
class Layout:
    run: pathlib.Path
    ports: dict  # "http", "postgres", "redis", "venue", "grpc.<process>", "metrics.<process>"
    order_managers: int = 1

    @classmethod
    def make(cls, run, free_ports=False, port_offset=0, order_managers=1):
        ports = {"http": HTTP_PORT, "postgres": POSTGRES_PORT, "redis": REDIS_PORT, "venue": VENUE_PORT}
        for service, digits in SERVICES.items():
            ports["grpc." + service] = 50000 + digits
            ports["metrics." + service] = 9100 + digits
        # 50061, 50071, …: ten apart, clear of the services'.
        for index, process in enumerate(manager_names(order_managers)[1:], 1):
            ports["grpc." + process] = 50000 + SERVICES["order_management"] + 10 * index
            ports["metrics." + process] = 9100 + SERVICES["order_management"] + 10 * index
        for name in ports:
            ports[name] = free_port(ports.values()) if free_ports else ports[name] + port_offset
        return cls(pathlib.Path(run).resolve(), ports, order_managers)

    def processes(self, services=tuple(SERVICES)):
        """What runs for `services`, in the order in which it is started."""
        return [process for service in services
                for process in (manager_names(self.order_managers) if service == "order_management" else [service])]

    @property
    def config(self):
        return self.run / "ballast.yaml"

    @property
    def secrets(self):
        return self.run / "secrets"

    @property
    def logs(self):
        return self.run / "logs"

    @property
    def environment(self):
        return self.run / "env"

    @property
    def supervisor_pid(self):
        return self.run / "supervisor.pid"

    @property
    def replay(self):
        """What the folder's replay replays: the answer of --check-data it was started with."""
        return self.run / "replay.json"

    @property
    def postgres_address(self):
        """Where the services reach Postgres: its socket, half the way of a loopback connection, where the path is short
        enough for one (sockaddr_un has 108 bytes)."""
        socket_path = self.postgres_home / f".s.PGSQL.{self.ports['postgres']}"
        return str(self.postgres_home) if len(str(socket_path)) < 108 else "127.0.0.1"

    @property
    def postgres_home(self):
        """Where Postgres keeps its data: what the first start wrote down (stores.Postgres)."""
        written = self.run / "postgres_home"
        return pathlib.Path(written.read_text().strip()) if written.exists() else self.run / "postgres"
