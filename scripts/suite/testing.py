"""scripts/test: every test there is, and one closing line."""
import os
import re
import subprocess
import sys
import time

from suite import build, layout as where

PRESET = os.environ.get("BALLAST_TEST_PRESET", "dev")


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.problems = []

    def add(self, part, passed, failed):
        self.passed += passed
        self.failed += failed
        if failed or not passed:
            self.problems.append(part)
        if not passed and not failed:
            # A part that ran nothing has not passed.
            self.failed += 1


def _stream(command, folder, environment=None):
    """Runs, shows and returns the output."""
    print("+ " + " ".join(command), flush=True)
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace")
    lines = []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        lines.append(line)
    return process.wait(), "".join(lines)


def check(tally):
    for script in (["scripts/check_layers.py", "--self-test"], ["scripts/check_layers.py"]):
        code, _ = _stream(["/usr/bin/python3", *script], where.TOP)
        tally.add(" ".join(script), int(code == 0), int(code != 0))


def unit(tally):
    folder = build.services(PRESET).parent
    code, output = _stream(["ctest", "--output-on-failure", "-j2", "--no-tests=error"], folder)
    counts = re.search(r"(\d+) tests failed out of (\d+)", output)
    if counts:
        failed, total = int(counts[1]), int(counts[2])
        tally.add("unit", total - failed, failed)
    else:
        tally.add("unit", 0, int(code != 0))


def e2e(tally):
    bin_folder = build.services(PRESET)
    code, output = _stream(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider",
                            "tests/e2e"], where.TOP,
                           dict(os.environ, BALLAST_TEST_BIN=str(bin_folder), PYTHONUNBUFFERED="1"))
    passed = re.findall(r"(\d+) passed", output)
    failed = re.findall(r"(\d+) (?:failed|errors?)\b", output)
    tally.add("e2e", int(passed[-1]) if passed else 0, sum(map(int, failed[-2:])) if failed else int(code not in (0,)))


PARTS = {"check": check, "unit": unit, "e2e": e2e}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise SystemExit(f"test: no part '{unknown[0]}'; there are {', '.join(PARTS)}")
    tally = Tally()
    started = time.monotonic()
    for part in wanted:
        part_started = time.monotonic()
        PARTS[part](tally)
        print(f"--- {part}: {time.monotonic() - part_started:.0f} s", flush=True)
    if tally.problems:
        print("Failed parts: " + ", ".join(tally.problems))
    print(f"All parts took {time.monotonic() - started:.0f} s")
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(1 if tally.failed else 0)


main()
