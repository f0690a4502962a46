"""scripts/bench: benchmarks over a release build, against a suite of their own."""
import pathlib
import subprocess
import sys
import urllib.request

from suite import build, cpu, layout as where, temporary

# Nothing but the benchmark trades, fills wait for nothing, and who is slow is measured rather than refused.
SETTINGS = ("--set", "strategy_runner.deployments=[]", "--set", "broker_gateway.paper_latency_ms=0",
            "--set", "order_management.risk_timeout_ms=5000")


def _orders(suite):
    """How many order management was asked for."""
    with urllib.request.urlopen(f"http://127.0.0.1:{suite['BALLAST_ORDER_MANAGEMENT_METRICS_PORT']}/metrics") as page:
        for line in page.read().decode().splitlines():
            if line.startswith("ballast_order_submits_total"):
                return int(float(line.split()[-1]))
    return 0


def order_path(bin_folder, options):
    with temporary.suite("bench", "--bin", str(bin_folder), *SETTINGS) as suite:
        if suite is None:
            return 1
        address = "127.0.0.1:" + suite["BALLAST_ORDER_MANAGEMENT_PORT"], "127.0.0.1:" + suite["BALLAST_RISK_PORT"]
        disk = ("--disk", str(where.Layout.make(pathlib.Path(suite["BALLAST_RUN"])).postgres_home))
        # Apart: an order that comes alone shares its commits and messages with nobody.
        for part in "latency", "throughput":
            before, orders = cpu.snapshot(suite["BALLAST_RUN"]), _orders(suite)
            code = subprocess.run([str(bin_folder / "ballast-bench-order-path"), *address, *options, *disk,
                                   "--part", part]).returncode
            if code != 0:
                return code
            after, orders = cpu.settled(suite["BALLAST_RUN"]), _orders(suite) - orders
            print(f"\nThe same {orders} orders, followers included, without the benchmark itself\n")
            print("\n".join(cpu.table(before, after, orders)) + "\n", flush=True)
        return 0


BENCHMARKS = {"order-path": order_path}


def main():
    options = [argument for argument in sys.argv[1:] if argument == "--quick"]
    wanted = [argument for argument in sys.argv[1:] if argument not in options] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"bench: no benchmark '{unknown[0]}'; there are {', '.join(BENCHMARKS)}")
    try:
        bin_folder = build.services("release", ["-DBALLAST_BUILD_BENCHMARKS=ON"])
    except build.BuildFailed as problem:
        raise SystemExit(f"bench: {problem}")
    return max(BENCHMARKS[name](bin_folder, options) for name in wanted)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nbench: interrupted")
