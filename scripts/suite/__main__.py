"""scripts/run, scripts/stop, scripts/status."""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from suite import build, client, configuration, health, layout as where, own_market, practice, replay, terminal
from suite.secrets_store import ensure_directory, write_private
from suite.supervisor import Supervisor, claim, has_leftovers, running_pid

READY_S_MAX = 120


def _symbols(text):
    symbols = [symbol.strip() for symbol in text.split(",") if symbol.strip()]
    if not symbols:
        raise argparse.ArgumentTypeError("symbols expected, e.g. SPY,IBM")
    return symbols


def _speed(text):
    try:
        if 0 <= float(text) <= 1_000_000:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError("a number from 0 (as fast as possible) expected")


def _managers(text):
    if text.isdigit() and 1 <= int(text) <= where.ORDER_MANAGERS_MAX:
        return int(text)
    raise argparse.ArgumentTypeError(f"1 to {where.ORDER_MANAGERS_MAX} expected")


def _offset(text):
    if text.isdigit() and int(text) <= where.PORT_OFFSET_MAX:
        return int(text)
    raise argparse.ArgumentTypeError(f"0 to {where.PORT_OFFSET_MAX} expected")


def _parse():
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", prog="scripts/run", help="install, build, start; Ctrl-C drains and stops")
    run.add_argument("--detach", action="store_true", help="return when the suite is ready")
    run.add_argument("--market", choices=("simulated", "replay"), help="where prices come from [simulated]")
    run.add_argument("--venues", choices=("simulated",),
                     help="starts a simulated Binance beside the suite, and an account there with a key of its own")
    run.add_argument("--symbols", type=_symbols, metavar="A,B", help="what is replayed [SPY,IBM,BAC]")
    run.add_argument("--replay", metavar="A,B|own:NAME,…",
                     help="replays recorded symbols, or own data sets that the running suite keeps (scripts/data list): own:GOOG-1m")
    run.add_argument("--instrument", action="append", default=[], metavar="SYMBOL,KEY=VALUE,…",
                     help="what a symbol is that is not known, e.g. GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1")
    again = run.add_mutually_exclusive_group()
    again.add_argument("--fresh", action="store_true", help="a replay starts anew; the former run is kept aside")
    again.add_argument("--resume", action="store_true", help="a replay that is over is shown again as it ended")
    run.add_argument("--speed", type=_speed, metavar="N",
                     help="times faster than the clock; 0: as fast as the suite can follow [simulated 1, replay 60]")
    run.add_argument("--order-managers", type=_managers, default=1, metavar="N",
                     help="processes that share the accounts; when one dies another takes its accounts over [1]")
    run.add_argument("--port-offset", type=_offset, default=0, metavar="N", help="added to every port [0]")
    run.add_argument("--free-ports", action="store_true", help="any free ports instead of the fixed ones")
    run.add_argument("--no-build", action="store_true", help="use what is built")
    run.add_argument("--bin", help="folder with the executables (implies --no-build)")
    run.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=JSON", help="override a setting")
    stop = verbs.add_parser("stop", prog="scripts/stop", help="drain and stop")
    status = verbs.add_parser("status", prog="scripts/status", help="print the engine's status",
                              epilog="exit code: 0 running, 1 something does not serve, 3 not running")
    status.add_argument("--json", action="store_true", help="the gateway's own answer")
    for verb in (run, stop, status):
        verb.add_argument("--run-directory", "--run-dir", type=lambda text: pathlib.Path(text).resolve(),
                          help="state folder [.run, .run/replay for --market replay]")
    arguments = parser.parse_args()
    if arguments.verb == "run" and arguments.replay:
        _take_replay(run, arguments)
    if arguments.verb == "run" and arguments.venues and (arguments.market or arguments.replay or arguments.speed):
        run.error("--venues simulated brings its own market, at the clock's speed")
    if arguments.verb == "run" and arguments.symbols and arguments.market != "replay":
        run.error("--symbols goes with --market replay")
    if arguments.verb == "run" and arguments.market != "replay":
        for name in ("instrument", "fresh", "resume"):
            if getattr(arguments, name):
                run.error(f"--{name} goes with --market replay")
    if arguments.run_directory is None:
        arguments.run_directory = _folder(arguments)
    return arguments


def _take_replay(run, arguments):
    """--replay is --market replay with its symbols, or with data sets of the user's own."""
    if arguments.market == "simulated" or arguments.symbols:
        run.error("--replay says both: where prices come from, and of what")
    arguments.market = "replay"
    words = [word for word in arguments.replay.split(",") if word]
    arguments.own = [word.removeprefix("own:") for word in words if word.startswith("own:")]
    if not words or (arguments.own and (len(arguments.own) != len(words) or "" in arguments.own)):
        run.error("--replay takes recorded symbols, SPY,IBM, or own data sets, own:GOOG-1m,own:MSFT-1m")
    if not arguments.own:
        arguments.symbols = _symbols(arguments.replay)


def _folder(arguments):
    """An account goes with one market: the replay's is another one. Stop and status take the one that runs."""
    usual, replay = where.TOP / ".run", where.TOP / ".run/replay"
    if arguments.verb == "run":
        return practice.folder() if arguments.venues else replay if arguments.market == "replay" else usual
    return next((folder for folder in (usual, replay, practice.folder()) if running_pid(where.Layout.make(folder))), usual)


def _given(run, arguments):
    """The user's settings: .run/local.json, then --market and its like, then --set."""
    local = run / "local.json"
    try:
        kept = json.loads(local.read_text()) if local.exists() else {}
    except ValueError as problem:
        raise SystemExit(f"run: {local}: {problem}")
    given = {}
    for item in arguments.set:
        path, equals, value = item.partition("=")
        section, dot, key = path.partition(".")
        if not equals or not dot:
            raise SystemExit(f"run: --set takes SECTION.KEY=VALUE, not '{item}'")
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = value
        given.setdefault(section, {})[key] = parsed
    return kept, configuration.market(arguments.market, arguments.symbols, arguments.speed, arguments.instrument), given


def _say(text):
    try:
        print(text, flush=True)
    except OSError:
        pass  # the terminal is gone; the suite still has to stop in order


def _gateway_agrees(environment):
    """It looks at its peers now and then; what it shows right after the start should be right, too."""
    try:
        return client.get(environment, "/api/live/status").get("running", False)
    except (OSError, ValueError):
        return False


def _wait_ready(supervisor, environment, say):
    """True when every service serves."""
    deadline = time.monotonic() + READY_S_MAX
    missing, serving = "nothing answers yet", -1
    while time.monotonic() < deadline and not supervisor.stopping:
        # What cannot start now cannot start in a second either.
        if gave_up := supervisor.gave_up():
            for service, why in gave_up:
                print(f"run: {service} does not start: {why}", file=sys.stderr, flush=True)
            return False
        supervisor.tend()
        states = health.states(environment)
        now = sum(state == "serving" for state in states.values())
        if now == len(states) and _gateway_agrees(environment):
            return True
        if now > serving:
            serving = now
            say(f"Starting: {serving} of {len(states)} services serve")
        missing = (", ".join(f"{service} {state}" for service, state in states.items() if state != "serving")
                   or "the gateway does not see all of them yet")
        time.sleep(0.2)
    if not supervisor.stopping:
        print(f"run: not ready after {READY_S_MAX} s: {missing}; logs are in {supervisor.layout.logs}", file=sys.stderr)
    return False


def _banner(layout, seconds, detached):
    usual = (where.TOP / ".run", where.TOP / ".run/replay", practice.folder())
    # Beside another suite of these sources, stop and status would take that one.
    alone = not any(running_pid(where.Layout.make(other)) for other in usual if other != layout.run)
    own_folder = "" if layout.run in usual and alone else f" --run-directory {layout.run}"
    market = configuration.market_source(layout)
    practising = practice.is_wanted(layout)
    later = ("says whether it goes on" if market == "replay" else "begins anew" if practising else "goes on from there")
    if practising:
        market = "SIMULATED Binance"
    stop = f"./scripts/stop{own_folder}" if detached else f"Ctrl-C (drains first; the next start {later})"
    dashboard = f"http://127.0.0.1:{layout.ports['http']}"
    if not (where.WEB / "dist/index.html").exists():
        dashboard += "  (REST only: the dashboard is not built)"
    venue = (f"\n  Venue       account binance at the simulator http://127.0.0.1:{layout.ports['venue']}, nobody's money"
             if practising else "")
    _say(f"""
  Ballast is running, PAPER (simulated money), {market} market. Ready after {seconds:.1f} s.

  Dashboard   {dashboard}
  Token       sed -n s/^BALLAST_TOKEN=//p {layout.environment}
  Status      ./scripts/status{own_folder}
  Orders      grpc 127.0.0.1:{layout.ports['grpc.order_management']}  ballast.order.v1.OrderService
  Logs        {layout.logs}{venue}
  Stop        {stop}
""")


def _dashboard():
    try:
        build.dashboard()
    except build.BuildFailed as problem:
        lines = str(problem).strip().splitlines()
        print("\n".join(["", *lines[:7]]), file=sys.stderr)
        print("run: the dashboard could not be built (see above; it needs npm's registry once). Everything else starts;"
              " the next ./scripts/run tries again.\n", file=sys.stderr)


def _refuse_taken_ports(layout):
    taken = [f"{port} ({name})" for name, port in layout.ports.items()
             if (name != "venue" or practice.is_wanted(layout)) and not where.is_free(port)]
    if taken:
        raise SystemExit(f"run: in use by something else: {', '.join(taken)}. --port-offset 100 moves all ports,"
                         " --free-ports takes any.")


def _check_settings(layout, bin_folder):
    """A wrong setting is told here, not by a service that ends again and again."""
    problems = []
    for service in where.SERVICES:
        done = subprocess.run([str(bin_folder / where.executable(service)), "--config", str(layout.config),
                               "--check-config"], capture_output=True, text=True)
        if done.returncode != 0:
            problems.append(done.stderr.strip() or f"{service} --check-config ends with {done.returncode}")
    if problems:
        raise SystemExit("run: " + "\n".join(dict.fromkeys(problems)))


def _run(arguments):
    run = arguments.run_directory
    ensure_directory(run)
    layout = where.Layout.make(run, arguments.free_ports, arguments.port_offset, arguments.order_managers)
    if running_pid(layout):
        raise SystemExit("run: already running here (./scripts/status, ./scripts/stop)")
    if getattr(arguments, "own", None):
        bin_of_data = pathlib.Path(arguments.bin).resolve() if arguments.bin else None
        folder, arguments.symbols, instruments = own_market.prepare(arguments.own, run, bin_of_data, _say)
        arguments.instrument = [*instruments, *arguments.instrument]
        arguments.set.append(f"broker_gateway.replay_directory={folder}")
    overrides = _given(run, arguments)
    settings = configuration.broker(overrides)
    if settings.get("market_source") == "replay":
        replay.refuse_missing_files(settings)
    if not has_leftovers(layout):
        _refuse_taken_ports(layout)  # before minutes of building; looked at once more when it starts
    if arguments.bin:
        bin_folder = pathlib.Path(arguments.bin).resolve()
    elif arguments.no_build:
        bin_folder = where.TOP / "build/release/bin"
    else:
        try:
            bin_folder = build.services()
        except build.BuildFailed as problem:
            raise SystemExit(f"\nrun: {problem}")
        _dashboard()
    missing = [name for name in map(where.executable, where.SERVICES) if not (bin_folder / name).exists()]
    if missing:
        raise SystemExit(f"run: {bin_folder} has no {', '.join(missing)}; ./scripts/run without --no-build builds them")
    ensure_directory(layout.secrets)
    ensure_directory(layout.logs)
    if arguments.venues:
        practice.begin(layout, bin_folder, _say)
        overrides = (overrides[0], practice.settings(layout), *overrides[1:])
    elif practice.is_wanted(layout):
        raise SystemExit(f"run: the account in {run} was at a simulated venue, which keeps nothing: --venues simulated begins anew")
    before = configuration.market_source(layout)
    kept = layout.config.read_text() if before else ""
    configuration.write(layout, *overrides)
    now = configuration.market_source(layout)
    if before and before != now:
        write_private(layout.config, kept)
        raise SystemExit(f"run: the account in {run} trades on the {before} market; its positions have no price on the"
                         f" {now} one. --run-directory FOLDER makes another account.")
    _check_settings(layout, bin_folder)
    if now == "replay":
        verdict = replay.judge(layout, bin_folder, _say)
        if replay.begin(layout, verdict, arguments.fresh, arguments.resume, _say):
            configuration.write(layout, *overrides)
    if arguments.detach:
        return _detach(layout, bin_folder)
    return _serve(layout, bin_folder, _say)


def _serve(layout, bin_folder, say, on_ready=None):
    claimed = claim(layout)
    beside = [practice.Simulator(layout, bin_folder)] if practice.is_wanted(layout) else []
    supervisor = Supervisor(layout, bin_folder, say, beside=beside)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, supervisor.ask_to_stop)
    started = time.monotonic()
    ready = False
    try:
        supervisor.end_leftovers()
        _refuse_taken_ports(layout)
        supervisor.start()
        ready = _wait_ready(supervisor, configuration.read_environment(layout.run), say)
        if on_ready:
            on_ready(ready)
        elif ready:
            _banner(layout, time.monotonic() - started, False)
        if ready:
            supervisor.watch()
            say("\nDraining and stopping…")
    finally:
        stopping = time.monotonic()
        supervisor.stop()
        claimed.close()
    if ready:
        say(f"Stopped in {time.monotonic() - stopping:.1f} s. Everything is kept in {layout.run}.")
    return 0 if ready or supervisor.stopping else 1


def _detach(layout, bin_folder):
    reader, writer = os.pipe()
    started = time.monotonic()
    said = layout.logs / "supervisor.log"
    before = said.stat().st_size if said.exists() else 0
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setsid()
        log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)

        def tell(ready):
            os.write(writer, b"1" if ready else b"0")
            os.close(writer)

        try:
            _serve(layout, bin_folder, lambda text: _say(time.strftime("%FT%TZ ", time.gmtime()) + text.strip()), tell)
        except SystemExit as problem:
            print(problem, flush=True)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready = os.read(reader, 1) == b"1"
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        raise
    if not ready:
        print(said.read_bytes()[before:].decode(errors="replace").strip(), file=sys.stderr)
        return 1
    _banner(layout, time.monotonic() - started, True)
    return 0


def _stop(arguments):
    layout = where.Layout.make(arguments.run_directory)
    pid = running_pid(layout)
    if not pid:
        print("Not running.")
        return 0
    started = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while running_pid(layout):
        if time.monotonic() > started + 120:
            print("stop: still stopping after 120 s", file=sys.stderr)
            return 1
        time.sleep(0.1)
    again = ("the next run says whether it goes on" if layout.replay.exists() else
             "./scripts/run --venues simulated begins anew" if practice.is_wanted(layout) else "./scripts/run goes on from there")
    print(f"Stopped in {time.monotonic() - started:.1f} s. Everything is kept in {layout.run}; {again}.")
    return 0


def main():
    arguments = _parse()
    if arguments.verb == "run":
        return _run(arguments)
    if arguments.verb == "stop":
        return _stop(arguments)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/status | head` ends quietly
    return terminal.show(configuration.read_environment(arguments.run_directory), arguments.json)


try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit("\nrun: interrupted")
