"""scripts/run, scripts/stop, scripts/status."""
import argparse
import json
import os
import pathlib
import signal
import sys
import time

from suite import build, configuration, health, layout as where, terminal
from suite.secrets_store import ensure_directory
from suite.supervisor import Supervisor, running_pid

READY_S_MAX = 120


def _arguments():
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="install, build, start; Ctrl-C drains and stops")
    run.add_argument("--detach", action="store_true", help="return when the suite is ready")
    run.add_argument("--no-build", action="store_true", help="use what is built")
    run.add_argument("--bin", help="folder with the executables (implies --no-build)")
    run.add_argument("--free-ports", action="store_true", help="any free ports instead of the fixed ones")
    run.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=JSON", help="override a setting")
    stop = verbs.add_parser("stop", help="drain and stop")
    status = verbs.add_parser("status", help="print the engine's status")
    for verb in (run, stop, status):
        verb.add_argument("--run-dir", default=str(where.TOP / ".run"), help="state folder [.run]")
    return parser.parse_args()


def _overrides(run, arguments):
    overrides = {}
    local = run / "local.json"
    if local.exists():
        overrides = json.loads(local.read_text())
    for item in arguments.set:
        path, equals, value = item.partition("=")
        section, dot, key = path.partition(".")
        if not equals or not dot:
            raise SystemExit(f"run: --set takes SECTION.KEY=VALUE, not '{item}'")
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
        overrides.setdefault(section, {})[key] = parsed
    return overrides


def _wait_ready(supervisor, environment):
    deadline = time.monotonic() + READY_S_MAX
    missing = "nothing answers yet"
    while time.monotonic() < deadline and not supervisor.stopping:
        supervisor.tend()
        states = health.states(environment)
        if all(state == "serving" for state in states.values()):
            return True
        missing = ", ".join(f"{service} {state}" for service, state in states.items() if state != "serving")
        time.sleep(0.2)
    print(f"run: not ready after {READY_S_MAX} s: {missing}; logs are in {supervisor.layout.logs}", file=sys.stderr)
    return False


def _banner(layout, seconds, detached):
    stop = "./scripts/stop" if detached else "Ctrl-C"
    print(f"""
  Ballast's order path is running, PAPER (simulated money). Ready after {seconds:.1f} s.
  Orders        grpc 127.0.0.1:{layout.ports['grpc.order_management']}  ballast.order.v1.OrderService
  Market data   grpc 127.0.0.1:{layout.ports['grpc.broker_gateway']}  ballast.broker.v1.MarketDataService
  Risk          grpc 127.0.0.1:{layout.ports['grpc.risk']}  ballast.risk.v1.RiskService
  Status        ./scripts/status
  Stop          {stop}
""", flush=True)


def _run(arguments):
    run = pathlib.Path(arguments.run_dir)
    ensure_directory(run)
    layout = where.Layout.make(run, arguments.free_ports)
    if running_pid(layout):
        raise SystemExit("run: already running here (./scripts/status, ./scripts/stop)")
    if arguments.bin:
        bin_folder = pathlib.Path(arguments.bin).resolve()
    elif arguments.no_build:
        bin_folder = where.TOP / "build/release/bin"
    else:
        bin_folder = build.services()
    ensure_directory(layout.secrets)
    ensure_directory(layout.logs)
    configuration.write(layout, _overrides(layout.run, arguments))
    if arguments.detach:
        return _detach(layout, bin_folder)
    return _serve(layout, bin_folder, print)


def _serve(layout, bin_folder, say, on_ready=None):
    supervisor = Supervisor(layout, bin_folder, say)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, supervisor.ask_to_stop)
    layout.supervisor_pid.write_text(f"{os.getpid()}\n")
    started = time.monotonic()
    try:
        supervisor.start()
        ready = _wait_ready(supervisor, configuration.read_environment(layout.run))
        if on_ready:
            on_ready(ready)
        elif ready:
            _banner(layout, time.monotonic() - started, False)
        if ready or on_ready is None:
            supervisor.watch()
        if not on_ready:
            say("\nDraining and stopping…")
    finally:
        supervisor.stop()
    return 0


def _detach(layout, bin_folder):
    reader, writer = os.pipe()
    started = time.monotonic()
    if os.fork() == 0:
        os.close(reader)
        os.setsid()
        log = os.open(layout.logs / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)

        def tell(ready):
            os.write(writer, b"1" if ready else b"0")
            os.close(writer)

        try:
            _serve(layout, bin_folder, lambda text: print(time.strftime("%FT%TZ ", time.gmtime()) + text, flush=True),
                   tell)
        except SystemExit as problem:
            print(problem, flush=True)
        finally:
            os._exit(0)
    os.close(writer)
    ready = os.read(reader, 1) == b"1"
    if not ready:
        tail = (layout.logs / "supervisor.log").read_text().splitlines()[-5:]
        print("\n".join(tail), file=sys.stderr)
        return 1
    _banner(layout, time.monotonic() - started, True)
    return 0


def _stop(arguments):
    layout = where.Layout.make(pathlib.Path(arguments.run_dir), False)
    pid = running_pid(layout)
    if not pid:
        print("Not running.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 120
    while running_pid(layout):
        if time.monotonic() > deadline:
            print("stop: still stopping after 120 s", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("Stopped. Everything is kept in .run; ./scripts/run goes on from here.")
    return 0


def main():
    arguments = _arguments()
    if arguments.verb == "run":
        return _run(arguments)
    if arguments.verb == "stop":
        return _stop(arguments)
    return terminal.show(configuration.read_environment(pathlib.Path(arguments.run_dir)))


sys.exit(main())
