"""Where things are and which ports they have."""
import dataclasses
import hashlib
import os
import pathlib
import socket

TOP = pathlib.Path(__file__).resolve().parents[2]

# Start order. Every service waits for its peers by itself; the order only makes the first start quick.
# Last two digits are fixed faces: gRPC 500xx, metrics 91xx.
SERVICES = {
    "broker_gateway": 54,
    "risk": 52,
    "order_management": 51,
}


def executable(service):
    return "ballast-" + service.replace("_", "-")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Layout:
    run: pathlib.Path
    ports: dict  # "http", "postgres", "redis", "grpc.<service>", "metrics.<service>"

    @classmethod
    def make(cls, run, free_ports):
        if free_ports:
            pick = lambda _: free_port()
        else:
            pick = lambda fixed: fixed
        ports = {"postgres": pick(55432), "redis": pick(56379)}
        for service, digits in SERVICES.items():
            ports["grpc." + service] = pick(50000 + digits)
            ports["metrics." + service] = pick(9100 + digits)
        return cls(pathlib.Path(run).resolve(), ports)

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
    def postgres_home(self):
        """Postgres refuses to run as root; its own user may not reach a clone below /root, so root's goes to /var/lib."""
        if os.geteuid() == 0:
            key = hashlib.sha256(str(self.run).encode()).hexdigest()[:12]
            return pathlib.Path("/var/lib/ballast") / key
        return self.run / "postgres"
