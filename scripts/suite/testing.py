"""scripts/test: every test there is, and one closing line."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from suite import build, configuration, layout as where, needs, probe, temporary, venues
from suite.tally import Tally

PRESET = os.environ.get("BALLAST_TEST_PRESET", "dev")
# So many that failed beside others and pass by themselves keep no change out. The closing lines name each: a fault to mend.
UNSTEADY_MOST = 3
# A path of somebody's machine in the sources works nowhere else. Split, so that this file does not name one itself.
MACHINE_PATHS = re.compile("/" + r"(?:work|home/\w+|root|Users/\w+|tmp/\w)/")


def _stream(command, folder, environment=None):
    """Runs, shows and returns the output."""
    print("+ " + " ".join(map(str, command)), flush=True)
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    lines = []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        lines.append(line)
    return process.wait(), "".join(lines)


def _sources():
    """Files under version control; without git, every file outside the folders that builds make."""
    listed = subprocess.run(["git", "-c", f"safe.directory={where.TOP}", "ls-files", "-z"], cwd=where.TOP,
                            capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [where.TOP / name for name in listed.stdout.split("\0") if name and (where.TOP / name).is_file()]
    made = {".git", ".run", "build", "node_modules", "dist", "__pycache__"}
    return [path for path in where.TOP.rglob("*") if path.is_file() and not made & set(path.parts)]


def _report(tally, what, problems):
    tally.one(what, not problems)
    for problem in problems[:20]:
        print(f"  {problem}")
    print(f"{what}: {'ok' if not problems else f'{len(problems)} problems'}", flush=True)


def _formatted(sources):
    code = [str(path.relative_to(where.TOP)) for path in sources if path.suffix in (".h", ".cc")]
    shown = subprocess.run(["clang-format-16", "--dry-run", *code], cwd=where.TOP, capture_output=True, text=True).stderr
    return sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning:", shown, re.M)))


def _machine_paths(sources):
    problems = []
    for path in sources:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATHS.search(line):
                problems.append(f"{path.relative_to(where.TOP)}:{number}: {line.strip()[:100]}")
    return problems


def _addresses(value, place):
    """Every text in `value` that is an address to fetch from, with the keys that lead to it."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in _addresses(inner, f"{place}.{key}")]
    if isinstance(value, list):
        return [found for number, inner in enumerate(value) for found in _addresses(inner, f"{place}[{number}]")]
    return [f"{place}: {value}"] if isinstance(value, str) and "://" in value else []


def _lock_file():
    """Packages come from whatever registry npm is set to; the hashes say that they are the right ones."""
    packages = json.loads((where.WEB / "package-lock.json").read_text())["packages"]
    problems = []
    for name, entry in packages.items():
        # Where a package asks for donations is no place that it is fetched from.
        problems += _addresses({key: value for key, value in entry.items() if key != "funding"}, name or "the dashboard")
        if name and "integrity" not in entry:
            problems.append(f"{name}: no hash")
    return problems


def _client_messages():
    """The Python package's message classes are those of the proto."""
    client = where.TOP / "clients/python"
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([client / "generate", folder], capture_output=True, text=True)
        if made.returncode != 0:
            return [made.stderr.strip()]
        files = [path.relative_to(folder) for path in pathlib.Path(folder).rglob("*_pb2.py*")]
        return [f"clients/python/src/{name} is not what clients/python/generate makes" for name in sorted(files)
                if not (client / "src" / name).exists()
                or (client / "src" / name).read_text() != (pathlib.Path(folder) / name).read_text()]


def check(tally):
    for script in (["scripts/check_layers.py", "--self-test"], ["scripts/check_layers.py"]):
        code, _ = _stream(["/usr/bin/python3", *script], where.TOP)
        tally.one(" ".join(script), code == 0)
    sources = _sources()
    _report(tally, "clang-format", _formatted(sources))
    _report(tally, "scripts/setup installs what is used", needs.undeclared())
    _report(tally, "no paths of one machine", _machine_paths(sources))
    _report(tally, "the Python package's messages", _client_messages())
    _report(tally, "package-lock.json names no address and every hash", _lock_file())


def _container_settings(bin_folder):
    """What docker-compose.yml starts with is what the services know."""
    problems = []
    for service in where.SERVICES:
        done = subprocess.run([str(bin_folder / where.executable(service)), "--check-config", "--config",
                               "deploy/ballast.yaml"], cwd=where.TOP, capture_output=True, text=True)
        if done.returncode != 0:
            problems.append(f"{service}: {done.stderr.strip()}")
    return problems + _kept_files()


# Files that a service writes and needs again after a restart.
KEPT_FILES = {"broker_gateway": ["kill_switch_file"], "api_gateway": ["session_file", "emergency_file"]}


def _kept_files():
    """A container is read-only: what is kept over a restart lies in a volume of its own that may be written."""
    def section(text, service, indent):
        found = re.search(rf"^{indent}{service}:\n((?:{indent}  .*\n|\s*\n)+)", text, re.M)
        return found[1] if found else ""

    settings, compose = (where.TOP / "deploy/ballast.yaml").read_text(), (where.TOP / "docker-compose.yml").read_text()
    problems = []
    for service, names in KEPT_FILES.items():
        volumes = re.findall(r"^\s+- [a-z-]+:(/\S+?)(?<!:ro)$", section(compose, service, "  "), re.M)
        for name in names:
            path = re.search(rf"^  {name}: (\S+)/[^/\s]+$", section(settings, service, ""), re.M)
            if not path or path[1] not in volumes:
                problems.append(f"deploy: {service} cannot keep its {name}: {path[1] if path else 'not set'} is no volume")
    return problems


def _unit_counts(folder, ended, code):
    """Tests that passed and failed, from what each file's process wrote. A file that failed without saying which test, or that
    ended well and wrote nothing, counts as one that failed."""
    passed = failed = 0
    written = list(folder.glob("*.json"))
    for path in written:
        told = json.loads(path.read_text())
        failed += told["failures"] + told["errors"]
        passed += told["tests"] - told["failures"] - told["errors"] - told["disabled"]
    if not ended:
        return passed, max(failed, 1)
    failed_files, files = int(ended[1]), int(ended[2])
    return passed, max(failed, failed_files, files - len(written), int(code != 0))


def unit(tally):
    folder = build.services(PRESET).parent
    _report(tally, "deploy/ballast.yaml", _container_settings(folder / "bin"))
    results = folder / "test-results"
    shutil.rmtree(results, ignore_errors=True)
    code, output = _stream(["ctest", "--output-on-failure", "-j2", "--no-tests=error"], folder)
    tally.add("unit", *_unit_counts(results, re.search(r"(\d+) tests failed out of (\d+)", output), code))


def client(tally):
    """The Python package by itself; as installed, and on the suite: tests/e2e/test_python_strategies.py."""
    code, output = _stream(["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "clients/python/tests"],
                           where.TOP)
    _pytest(tally, "client", code, output)


def _pytest(tally, part, code, output):
    closing = output.strip().splitlines()[-1] if output.strip() else ""
    passed = re.search(r"(\d+) passed", closing)
    failed = sum(int(number) for number in re.findall(r"(\d+) (?:failed|errors?)\b", closing))
    tally.add(part, int(passed[1]) if passed else 0, failed or int(code != 0))


def web(tally):
    environment = dict(build.web_modules(), NO_COLOR="1", CI="true")
    code, _ = _stream(["npm", "run", "--silent", "check"], where.WEB, environment)
    tally.one("web types", code == 0)
    code, output = _stream(["npm", "run", "--silent", "test"], where.WEB, environment)
    counts = re.findall(r"^\s*Tests\s+(.*)$", output, re.M)
    text = counts[-1] if counts else ""
    passed = re.search(r"(\d+) passed", text)
    failed = re.search(r"(\d+) failed", text)
    tally.add("web", int(passed[1]) if passed else 0, int(failed[1]) if failed else int(code != 0))


def e2e(tally):
    bin_folder = build.services(PRESET)
    build.dashboard()
    # Two files at a time: a suite mostly waits, for a kill to be noticed or a deadline to pass. More would starve each other.
    pytest = ["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
    environment = dict(os.environ, BALLAST_TEST_BIN=str(bin_folder), PYTHONUNBUFFERED="1")
    code, output = _stream([*pytest, "-n", "2", "--dist", "loadfile", "--durations", "20", "tests/e2e"], where.TOP, environment)
    failed = re.findall(r"^FAILED (\S+)", output, re.M)
    if 0 < len(failed) <= UNSTEADY_MOST and not re.search(r"^ERROR ", output, re.M):
        again, _ = _stream([*pytest, *sorted({name.split("::")[0] for name in failed})], where.TOP, environment)
        if again == 0:
            tally.unsteady += failed
            tally.add("e2e", int(re.search(r"(\d+) passed", output.strip().splitlines()[-1])[1]) + len(failed), 0)
            return
    _pytest(tally, "e2e", code, output)


def _in_browser(script, bin_folder, environment):
    """Passed, and what failed, of one file of browser tests on a suite of its own."""
    # Sanitizers on a busy machine are slower than risk is in production.
    with temporary.suite("browser", "--bin", str(bin_folder), "--set",
                         "order_management.risk_timeout_ms=2000") as suite:
        if suite is None:
            return 0, ["the suite did not start"]
        code, output = _stream(["npm", "run", "--silent", script, "--", str(where.TOP / "build/pictures")], where.WEB,
                               dict(environment, BALLAST_URL=suite["BALLAST_URL"], BALLAST_TOKEN=suite["BALLAST_TOKEN"]))
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M)
    failed = re.findall(r"^FAIL  (.+?):", output, re.M)
    ended = counts and int(counts[-1][1]) == len(failed) and (code == 0) == (not failed)
    return int(counts[-1][0]) if counts else 0, failed if ended else [*failed, f"{script} did not end"]


def browser(tally):
    """The dashboard in Chromium against a running suite; the pictures stay in build/pictures."""
    bin_folder = build.services(PRESET)
    build.dashboard()
    environment = build.web_modules()
    for script in ("test:browser:backtests", "test:browser"):
        passed, failed = _in_browser(script, bin_folder, environment)
        if 0 < len(failed) <= UNSTEADY_MOST:
            unsteady = failed
            passed, failed = _in_browser(script, bin_folder, environment)
            if not failed:
                tally.unsteady += unsteady
        tally.add("browser", passed, len(failed))


def simulated(tally):
    """Somebody else's clients trade at the simulated venues."""
    bin_folder = build.services(PRESET)
    code, output = _stream(["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "tests/venues"],
                           where.TOP, dict(os.environ, BALLAST_TEST_BIN=str(bin_folder), PYTHONUNBUFFERED="1",
                                           BALLAST_VENUE_JUDGES=str(venues.judges())))
    _pytest(tally, "venues", code, output)


def _collected():
    """The end-to-end tests can be read: said before the build that they wait for."""
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider",
                           "--collect-only", "tests/e2e"], cwd=where.TOP, capture_output=True, text=True)
    return [] if done.returncode == 0 else ["the end-to-end tests cannot be read:\n" + done.stdout + done.stderr]


def _cannot_start(wanted):
    """What stands in the way of the wanted parts, asked before the first of them builds anything."""
    problems = [f"{part}: {problem}" for part in wanted for problem in needs.missing(part)]
    return problems or (_collected() if "e2e" in wanted else [])


def _probe(mode):
    """quick, data, signals, full: against the running suite, or else one of its own."""
    def part(tally):
        environment = configuration.read_environment(where.TOP / ".run")
        if probe.answers(environment):
            probe.run(mode, environment, tally)
            return
        with temporary.suite("probe") as environment:
            if environment is None:
                tally.one(f"{mode}: the suite did not start", False)
            else:
                probe.run(mode, environment, tally)
    return part


PARTS = {"check": check, "unit": unit, "client": client, "web": web, "e2e": e2e, "venues": simulated,
         "browser": browser}
PROBES = {mode: _probe(mode) for mode in probe.MODES}


def main():
    known = PARTS | PROBES
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in known]
    if unknown:
        raise SystemExit(f"test: no part '{unknown[0]}'; there are {', '.join(known)}")
    problems = _cannot_start(wanted)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        print(f"0 passed, {len(problems)} failed")
        sys.exit(1)
    tally = Tally()
    started = time.monotonic()
    for part in wanted:
        part_started = time.monotonic()
        try:
            known[part](tally)
        except build.BuildFailed as problem:
            print(problem, file=sys.stderr)
            tally.one(part, False)
        print(f"--- {part}: {time.monotonic() - part_started:.0f} s", flush=True)
    if tally.problems:
        print("Failed: " + ", ".join(tally.problems))
    for name in tally.unsteady:
        print(f"Unsteady, passed only when it was run again: {name}")
    print(f"All parts took {time.monotonic() - started:.0f} s")
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\ntest: interrupted")
