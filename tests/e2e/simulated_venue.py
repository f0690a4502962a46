"""A simulated Binance beside a suite: its process with a certificate made here, its own face, and what its ledger says."""
import contextlib
import decimal
import json
import os
import ssl
import subprocess
import threading
import urllib.request

D = decimal.Decimal


def certificate(folder):
    """An authority and a server of it on 127.0.0.1; the names of the files."""
    authority, own = folder / "authority", folder / "server"
    new = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2"]
    made = [[*new, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", "/CN=Ballast test authority"],
            [*new, "-keyout", f"{own}.key", "-out", f"{own}.pem", "-subj", "/CN=127.0.0.1", "-CA", f"{authority}.pem",
             "-CAkey", f"{authority}.key", "-addext", "subjectAltName=IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE"]]
    for command in made:
        subprocess.run(command, check=True, capture_output=True)
    return f"{authority}.pem", f"{own}.pem", f"{own}.key"


class SimulatedVenue:
    """One that speaks TLS. `account` has USDT only: our books begin with nothing else."""

    def __init__(self, binary, folder, cash):
        self.folder = folder
        self.authority, chain, key = certificate(folder)
        self.trust = ssl.create_default_context(cafile=self.authority)
        credentials = folder / "credentials.json"
        self.process = subprocess.Popen([binary, "--port", "0", "--credentials-file", credentials, "--tls",
                                         "--certificate", chain, "--key", key], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(" ", 1)[1])
        self.at = {}
        self.token = json.loads(credentials.read_text())["control_token"]
        made = self.ask("POST", "accounts", {"balances": {"USDT": cash}, "maker_fee": "0.001", "taker_fee": "0.001"})
        self.account = made["account"]
        for name in ("api_key", "secret"):
            path = folder / name
            path.write_text(made[name] + "\n")
            os.chmod(path, 0o600)

    def settings(self):
        """Of the broker gateway."""
        return {"market_source": "binance", "binance_environment": "simulator", "binance_symbols": ["BTCUSDT", "ETHUSDT"],
                "binance_rest_url": f"https://127.0.0.1:{self.port}", "binance_stream_url": f"wss://127.0.0.1:{self.port}",
                "binance_socket_url": f"wss://127.0.0.1:{self.port}", "binance_ca_file": self.authority,
                "binance_api_key_file": str(self.folder / "api_key"), "binance_secret_file": str(self.folder / "secret")}

    def ask(self, method, what, body=None):
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/simulator/{what}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=10, context=self.trust) as answer:
            return json.load(answer)

    def move(self, price, quantity=None, symbol="BTCUSDT"):
        """The price goes there, and of the clients' orders in between at most `quantity` trades."""
        self.ask("POST", "price", {"symbol": symbol, "price": price} | ({"quantity": quantity} if quantity else {}))
        self.at[symbol] = price

    @contextlib.contextmanager
    def ticking(self):
        """Prices that never change are old ones: each goes a tick up and back while this lasts."""
        over = threading.Event()

        def tick():
            up = D(0)
            while not over.wait(0.5):
                up = D("0.01") - up
                for symbol, price in list(self.at.items()):
                    self.ask("POST", "price", {"symbol": symbol, "price": str(D(price) + up)})
        ticker = threading.Thread(target=tick)
        ticker.start()
        try:
            yield
        finally:
            over.set()
            ticker.join()

    def ledger(self):
        """Of our account; the whole of it has lost nothing."""
        whole = self.ask("GET", "ledger")
        assert all(D(amount) == 0 for amount in whole["missing"].values()), whole["missing"]
        return next(one for one in whole["accounts"] if one["account"] == self.account)

    def order(self, order_id):
        """By our id; None: it never came."""
        found = [one for one in self.ledger()["orders"] if one["clientOrderId"] == "bl-" + order_id]
        assert len(found) < 2, found
        return found[0] if found else None

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0
