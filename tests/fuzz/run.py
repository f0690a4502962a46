"""What scripts/fuzz runs: builds the fuzzer, runs it over each target, prints one line for each."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = TOP / "tests/fuzz/corpus"
FUZZER = TOP / "build/fuzz/bin/ballast-fuzz"
# Of one input: longer ones are like shorter ones, and slower.
BYTES_MAX = 4096


def targets():
    text = (TOP / "tests/fuzz/targets.h").read_text()
    return re.findall(r'Target\{"(\w+)"', text)


def build():
    for command in (["cmake", "--preset", "fuzz"], ["cmake", "--build", "--preset", "fuzz", "-j2"]):
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def fuzz(target, seconds):
    """Its row of the table, and whether an input broke it."""
    found = TOP / "build/fuzz/corpus" / target
    broken = TOP / "build/fuzz/broken" / target
    found.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(broken, ignore_errors=True)
    broken.mkdir(parents=True)
    log = TOP / "build/fuzz" / f"{target}.log"
    environment = {
        **os.environ,
        "BALLAST_FUZZ_TARGET": target,
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    command = [
        str(FUZZER),
        f"-max_total_time={seconds}",
        f"-max_len={BYTES_MAX}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix={broken}/",
        str(found),
        str(CORPUS / target),
    ]
    with log.open("w") as out:
        code = subprocess.run(command, env=environment, stdout=out, stderr=out, cwd=TOP, check=False).returncode
    text = log.read_text(errors="replace")

    def last(pattern):
        values = re.findall(pattern, text)
        return int(values[-1]) if values else 0

    inputs = sorted(broken.iterdir())
    for each in inputs:
        shutil.copy(each, CORPUS / target / each.name)
    executed, pace = last(r"stat::number_of_executed_units: *(\d+)"), last(r"exec/s: (\d+)")
    edges, features, kept = last(r"cov: (\d+)"), last(r"ft: (\d+)"), last(r"corp: (\d+)")
    row = f"{target:<16} {executed:>10} {pace:>8} {edges:>7} {features:>8} {kept:>7} {len(inputs):>7}"
    if code and not inputs:
        row += f"  ended with {code}: {log}"
    for each in inputs:
        row += f"\n  broken by tests/fuzz/corpus/{target}/{each.name}; {log}"
    return row, code != 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("targets", nargs="*")
    asked = parser.parse_args()
    known = targets()
    if asked.list:
        print("\n".join(known))
        return
    unknown = [each for each in asked.targets if each not in known]
    if unknown:
        sys.exit(f"there is no target {', '.join(unknown)}; scripts/fuzz --list")
    build()
    print(f"{'target':<16} {'executions':>10} {'a second':>8} {'edges':>7} {'features':>8} {'corpus':>7} {'crashes':>7}")
    wanted = asked.targets or known
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        failed = 0
        for row, broke in pool.map(lambda each: fuzz(each, asked.seconds), wanted):
            failed += broke
            print(row, flush=True)
    print(f"{len(wanted)} targets, {failed} broken")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
