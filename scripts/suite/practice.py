"""scripts/run --venues simulated: a venue that speaks as the real one does beside the suite, and an account there.

The simulator keeps nothing, so each start begins anew; what was before is kept aside as a folder."""
import json
import subprocess

from suite import configuration, layout as where, replay
from suite.secrets_store import write_private
from suite.supervisor import Child

EXECUTABLE = "ballast-venue-simulator"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "LTCUSDT")
# The venue and the books have to begin with the same.
CASH = "100000"


def settings(layout):
    """The market is the simulator's, for the account that is there and for the paper account beside it."""
    port = layout.ports["venue"]
    ours = [f"{name.removesuffix('USDT')}-USDT" for name in SYMBOLS]
    long_only = configuration.STRATEGY.replace("allow_short=true", "allow_short=false")
    return {
        "broker_gateway": {
            "market_source": "binance", "market_speed": "1", "binance_environment": "simulator",
            "binance_rest_url": f"http://127.0.0.1:{port}", "binance_stream_url": f"ws://127.0.0.1:{port}",
            "binance_socket_url": f"ws://127.0.0.1:{port}", "binance_symbols": list(SYMBOLS),
            "binance_api_key_file": str(layout.secrets / "binance_api_key"),
            "binance_secret_file": str(layout.secrets / "binance_secret")},
        "order_management": {"accounts": [f"paper:PAPER:USDT:{CASH}:paper", f"binance:PAPER:USDT:{CASH}:binance"]},
        # Nobody is short on spot.
        "strategy_runner": {"deployments": [
            configuration.deployment("ema-demo", ours, "5s"),
            f"ema-binance|ema_cross|binance|{','.join(ours)}|5s|{long_only}"]}}


def _credentials(layout):
    return layout.secrets / "venue_simulator.json"


def begin(layout, bin_folder, say):
    """Sets a former run aside and makes the key. Raises SystemExit."""
    if layout.config.exists():
        say(f"A simulated venue keeps nothing: starting anew, the former run is kept in {replay.set_aside(layout)}.")
    made = subprocess.run([bin_folder / EXECUTABLE, "--credentials-file", _credentials(layout), "--only-credentials"],
                          capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit("run: " + made.stderr.strip())
    key = json.loads(_credentials(layout).read_text())["hmac"]
    write_private(layout.secrets / "binance_api_key", key["api_key"] + "\n")
    write_private(layout.secrets / "binance_secret", key["secret"] + "\n")


class Simulator(Child):
    """Of the supervisor's processes the one that is not started again: a second one would know nothing of the orders."""

    def __init__(self, layout, bin_folder):
        super().__init__("venue_simulator", layout, bin_folder)
        self.command = [str(bin_folder / EXECUTABLE), "--port", str(layout.ports["venue"]),
                        "--credentials-file", str(_credentials(layout)), "--balance", f"USDT={CASH}"]
        self.told = False

    def tend(self, say):
        if self.process and self.process.poll() is not None and not self.told:
            self.told = True
            say(f"the simulated venue has ended ({self.process.returncode}) and everything in it; run again to start anew")


def is_wanted(layout):
    """The folder was last started so."""
    return layout.config.exists() and 'binance_environment: "simulator"' in layout.config.read_text()


def folder():
    return where.TOP / ".run/venues"
