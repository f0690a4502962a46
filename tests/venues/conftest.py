"""A simulated venue, and programs in which somebody else's client speaks with it."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ["BALLAST_TEST_BIN"])
JUDGES = pathlib.Path(os.environ["BALLAST_VENUE_JUDGES"])  # where scripts/suite/venues.py has installed them


class Venue:
    def __init__(self, folder, *options):
        credentials = folder / "credentials.json"
        self.process = subprocess.Popen([BIN / "ballast-venue-simulator", "--port", "0", "--credentials-file", credentials,
                                         *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(" ", 1)[1])
        self.credentials = json.loads(credentials.read_text())
        self.mode = credentials.stat().st_mode & 0o777
        self.environment = {}

    def settings(self, key=None):
        key = key or self.credentials["hmac"]
        return self.environment | {"VENUE_ADDRESS": f"127.0.0.1:{self.port}",
                                   "VENUE_CONTROL_TOKEN": self.credentials["control_token"],
                                   "VENUE_KEY": key["api_key"], "VENUE_SECRET": key.get("secret") or key["private_key"]}

    @contextlib.contextmanager
    def speaking(self):
        """tests/venues/control.py in this process speaks with this venue."""
        before = dict(os.environ)
        os.environ.update(self.settings())
        try:
            import control
            yield control
        finally:
            os.environ.clear()
            os.environ.update(before)

    def judge(self, program, key=None):
        """Runs a client's program; the facts it shows."""
        command = ([JUDGES / "python/bin/python", HERE / program] if program.endswith(".py")
                   else ["node", JUDGES / "node" / program])
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, PYTHONPATH=str(HERE), **self.settings(key)))
        shown = [line for line in done.stdout.splitlines() if line.startswith("FACTS ")]
        assert done.returncode == 0 and shown, done.stdout + done.stderr
        return json.loads(shown[-1].removeprefix("FACTS "))

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture
def venue(tmp_path):
    sys.path.insert(0, str(HERE))
    running = Venue(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def tls_venue(tmp_path):
    """One that speaks TLS with a certificate of an authority made here, which its judges are told of."""
    authority, own = tmp_path / "ca", tmp_path / "server"
    openssl = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"]
    made = [[*openssl, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", "/CN=Ballast test authority"],
            [*openssl, "-keyout", f"{own}.key", "-out", f"{own}.pem", "-subj", "/CN=127.0.0.1", "-CA", f"{authority}.pem",
             "-CAkey", f"{authority}.key", "-addext", "subjectAltName=IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE"]]
    for command in made:
        subprocess.run(command, check=True, capture_output=True)
    sys.path.insert(0, str(HERE))
    running = Venue(tmp_path, "--tls", "--certificate", f"{own}.pem", "--key", f"{own}.key")
    running.environment = {"VENUE_TLS": "1", "SSL_CERT_FILE": f"{authority}.pem",
                           "NODE_EXTRA_CA_CERTS": f"{authority}.pem"}
    yield running
    running.stop()
