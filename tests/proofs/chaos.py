"""Kills, pauses, a database and networks that fail, at random moments under load; then the books are held against the venue."""
import argparse
import contextlib
import os
import random
import signal
import time
from collections import Counter, defaultdict

import books
from harness import wait_until
from load import Load
from proofs import stage
from proofs.proxy import Proxy

# Who is asked by others; each behind a proxy of its own, as Postgres is.
ASKED = ("order_management", "risk", "broker_gateway", "positions", "compliance_audit", "alerts")
TRADING = ("order_management", "risk", "broker_gateway", "positions")


class Chaos:
    """`suite` must have been made with the settings of `behind`."""

    def __init__(self, suite, proxies, seed):
        self.suite = suite
        self.proxies = proxies
        self.dice = random.Random(seed)

    def kill(self):
        service = self.dice.choice(list(self.suite.services))
        self.suite.kill(service)
        return f"kill {service}", time.monotonic()

    def kill_two(self):
        pair = self.dice.sample(list(self.suite.services), 2)
        for service in pair:
            self.suite.kill(service)
        return "kill two", time.monotonic()

    def pause(self):
        service = self.dice.choice(TRADING)
        process = self.suite.child(service).process
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                time.sleep(self.dice.uniform(0.3, 6.0))  # the length of the fault
            finally:
                os.kill(process.pid, signal.SIGCONT)
        return f"pause {service}", time.monotonic()

    def postgres_kill(self):
        os.kill(self.suite.supervisor.postgres.process.pid, signal.SIGKILL)
        return "postgres kill", time.monotonic()

    def postgres_cut(self):
        self.proxies["postgres"].cut()
        return "postgres cut", time.monotonic()

    def postgres_hold(self):
        return self._hold("postgres")

    def network_cut(self):
        self.proxies[self.dice.choice(ASKED)].cut()
        return "network cut", time.monotonic()

    def network_hold(self):
        return self._hold(self.dice.choice(ASKED))

    def network_slow(self):
        proxy = self.proxies[self.dice.choice(ASKED)]
        proxy.delay_s = self.dice.uniform(0.01, 0.3)
        time.sleep(self.dice.uniform(0.5, 3.0))  # the length of the fault
        proxy.go_on()
        return "network slow", time.monotonic()

    def network_refuse(self):
        proxy = self.proxies[self.dice.choice(ASKED)]
        proxy.refuses = True
        proxy.cut()
        time.sleep(self.dice.uniform(0.2, 3.0))  # the length of the fault
        proxy.go_on()
        return "network refuse", time.monotonic()

    def network_torn(self):
        """Every new connection breaks after so many bytes, in the middle of whatever that is."""
        proxy = self.proxies[self.dice.choice([*ASKED, "postgres"])]
        proxy.cut_after = self.dice.randrange(1, 20_000)
        proxy.cut()
        time.sleep(self.dice.uniform(0.5, 3.0))  # the length of the fault
        proxy.go_on()
        proxy.cut()
        return "network torn", time.monotonic()

    def _hold(self, name):
        proxy = self.proxies[name]
        proxy.hold()
        time.sleep(self.dice.uniform(0.3, 6.0))  # the length of the fault
        proxy.go_on()
        return f"{name if name == 'postgres' else 'network'} hold", time.monotonic()

    def faults(self):
        return [self.kill, self.kill_two, self.pause, self.postgres_kill, self.postgres_cut, self.postgres_hold,
                self.network_cut, self.network_hold, self.network_slow, self.network_refuse, self.network_torn]

    def strike(self, load, fault):
        """The fault's name, and seconds from its end until orders are accepted and everybody serves."""
        time.sleep(self.dice.uniform(0.05, 0.8))  # the moment is what is drawn
        name, ended = fault()
        wait_until(lambda: load.last_accept > ended and self.suite.serving(), 90,
                   f"orders are accepted again after: {name}\n{self.suite.tails()}")
        return name, time.monotonic() - ended


def behind(suite, seed):
    """Puts a proxy in front of everybody who is asked; before the suite is started."""
    ports = {name: suite.layout.ports["grpc." + name] for name in ASKED}
    ports["postgres"] = suite.layout.ports["postgres"]
    proxies = {name: Proxy(port, seed + number) for number, (name, port) in enumerate(ports.items())}
    common = {f"{name}_address": f"127.0.0.1:{proxies[name].port}" for name in ASKED}
    common.update(postgres_host="127.0.0.1", postgres_port=proxies["postgres"].port)
    suite.overrides = {**suite.overrides, "common": common}
    return proxies


def judge(suite, load):
    """Nothing acknowledged is lost or doubled, and the books agree without anybody's help."""
    books.rest(suite, 120)
    figures = books.check(suite)
    orders = suite.all_orders()
    ids = {item.order_id for item in orders}
    lost = [request for request, order_id in load.acknowledged.items() if order_id not in ids]
    requests = [item.request_id for item in orders]
    order = suite.protos.order
    account = suite.orders.ListAccounts(order.ListAccountsRequest(), timeout=5).accounts[0]
    head = account.last_sequence
    wait_until(lambda: len(books.audited_events(suite)) >= head, 60, "the audit trail has caught up")
    audited = books.audited_events(suite)
    repeated = sorted(number for number, times in Counter(audited).items() if times > 1)
    missing = sorted(set(range(1, head + 1)) - set(audited))
    assert not repeated and not missing, f"the audit trail of {head} events repeats {repeated} and lacks {missing}"
    assert not account.halted, account.halt_reason
    assert not lost, f"acknowledged and lost: {lost}"
    assert len(requests) == len(set(requests)), "an order is there twice"
    return {"acknowledged": len(load.acknowledged), "lost": 0, "doubled": 0, **figures}


SETTINGS = {"order_management": {"risk_timeout_ms": 2000}}


def run(suite, proxies, seed, times, say=lambda text: None):
    """`times` of each kind, in a random order; seconds by name, and the figures of the verdict."""
    chaos = Chaos(suite, proxies, seed)
    load = Load(suite, f"chaos-{seed}")
    load.start()
    seconds = defaultdict(list)
    try:
        wait_until(lambda: len(load.acknowledged) > 5, 60, f"the load runs\n{suite.tails()}")
        faults = chaos.faults() * times
        chaos.dice.shuffle(faults)
        for number, fault in enumerate(faults):
            name, took = chaos.strike(load, fault)
            seconds[name.split(" ")[0] if name.startswith(("kill ", "pause ")) and name != "kill two" else name].append(took)
            if number % 10 == 9:
                say(f"{number + 1} of {len(faults)} faults, {len(load.acknowledged)} orders acknowledged")
    finally:
        load.stop()
        for proxy in proxies.values():
            proxy.go_on()
    return seconds, judge(suite, load)


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=10, help="of each kind of fault")
    options = parser.parse_args()
    with stage.suite(SETTINGS, prepare=lambda suite: behind(suite, options.seed)) as (suite, proxies):
        seconds, figures = run(suite, proxies, options.seed, options.times, lambda text: print(text, flush=True))
    stage.line("fault", "times", "back after p50", "p99", "max")
    stage.line("---", "---", "---", "---", "---")
    everything = [each for name in seconds for each in seconds[name]]
    for name, values in [*sorted(seconds.items()), ("all", everything)]:
        stage.line(name, len(values), *(f"{value:.2f} s" for value in (
            stage.quantile(values, 0.5), stage.quantile(values, 0.99), max(values))))
    print(f"seed {options.seed}: {figures['acknowledged']} acknowledged, 0 lost, 0 doubled; {figures}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
