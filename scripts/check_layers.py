#!/usr/bin/env python3
"""Holds the includes of libs/ and services/ against scripts/layers.toml.

Exits 1 on any violation, and on a tree with nothing to check. --self-test plants faulty files and must find each.
"""
import pathlib
import re
import sys
import tempfile
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[1]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"', re.S)
PURE_HEADERS = {"thread", "mutex", "random", "iostream", "fstream", "filesystem", "regex", "chrono", "condition_variable",
                "unordered_map", "unordered_set", "future", "atomic", "ctime", "unistd.h", "time.h"}
# Containers whose order is another one in each process; lookup_map.h lets nobody walk through one.
HASHED = re.compile(r"absl/container/\w+_hash_\w+\.h|absl/container/internal/|boost/unordered")
MAY_HASH = "libs/base/lookup_map.h"
PURE_TOKENS = [r"\bthrow\b", r"\btry\b", r"_clock::now", r"\babsl::Now\b", r"\bgetenv\b"]
DOUBLE_TOKENS = [r"\bdouble\b", r"\bfloat\b"]


def room_of(path, rooms):
    """The longest room whose folder holds the file."""
    fits = [name for name in rooms if path == name or path.startswith(name + "/")]
    return max(fits, key=len) if fits else None


def check(top, rooms):
    problems, files = [], 0
    for folder in ("libs", "services"):
        for path in sorted((top / folder).rglob("*")):
            if path.suffix not in (".h", ".cc") or "node_modules" in path.parts:
                continue
            files += 1
            name = path.relative_to(top).as_posix()
            room = room_of(name, rooms)
            if room is None:
                problems.append(f"{name}: in no room of scripts/layers.toml")
                continue
            exempt = name.endswith("_test.cc") or "/testing/" in name
            problems += check_file(name, path.read_text(), room, rooms, exempt)
    return problems, files


def check_file(name, text, room, rooms, exempt):
    rules, problems = rooms[room], []
    for bracket, header in INCLUDE.findall(text):
        standard = bracket == "<" and ("/" not in header and (not header.endswith(".h") or header in PURE_HEADERS))
        if header.startswith(("libs/", "services/")):
            target = room_of(header, rooms)
            allowed = target is not None and (target == room or any(
                target == item or target.startswith(item + "/") for item in rules["project"]))
            if not allowed and not exempt:
                problems.append(f"{name}: may not include {header} ({room} does not see {target})")
        elif standard:
            if rules.get("pure") and not exempt and header in PURE_HEADERS:
                problems.append(f"{name}: a pure room may not include <{header}>")
        elif bracket == "<" and (header.startswith(("sys/", "netinet/", "arpa/")) or header.endswith(".h")
                                 and "/" not in header):
            if rules.get("pure") and not exempt:
                problems.append(f"{name}: a pure room may not include <{header}>")
        elif rules.get("pure") and not exempt and HASHED.match(header) and name != MAY_HASH:
            problems.append(f"{name}: a pure room may not include <{header}>; {MAY_HASH} is for look-ups")
        elif not header.startswith(tuple(rules["third_party"]) + tuple(item + "/" for item in rules["project"])):
            if not exempt:
                problems.append(f"{name}: {room} may not use {header}")
    if rules.get("pure") and not exempt:
        code = COMMENT_OR_TEXT.sub(" ", text)
        tokens = PURE_TOKENS + ([] if rules.get("may_use_double") else DOUBLE_TOKENS)
        for token in tokens:
            if re.search(token, code):
                problems.append(f"{name}: a pure room may not say {token}")
    return problems


def self_test(rooms):
    planted = {
        "libs/risk/sees_orders.h": '#include "libs/orders/order_state.h"\n',
        "libs/orders/has_clock.cc": "auto now = std::chrono::steady_clock::now();\n",
        "libs/positions/has_double.h": "double price;\n",
        "libs/base/has_thread.h": "#include <thread>\n",
        "libs/model/uses_grpc.h": "#include <grpcpp/grpcpp.h>\n",
        "services/risk/sees_positions.h": '#include "services/positions/shell.h"\n',
        "services/api_gateway/has_sql.cc": "#include <pqxx/pqxx>\n",
        "libs/orders/hashes.h": '#include "absl/container/flat_hash_map.h"\n',
        "libs/homeless/file.h": "\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        for name, text in planted.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
        good = top / "libs/risk/good.h"
        good.write_text('// double in a comment\n#include "libs/model/order.h"\n#include <vector>\n')
        problems, _ = check(top, rooms)
    missed = [name for name in planted if not any(problem.startswith(name) for problem in problems)]
    wrong = [problem for problem in problems if problem.startswith("libs/risk/good.h")]
    empty = tempfile.mkdtemp()
    if check(pathlib.Path(empty), rooms)[1] != 0:
        missed.append("an empty tree")
    for name in missed:
        print(f"self-test: {name} was not found")
    for problem in wrong:
        print(f"self-test: a good file was refused: {problem}")
    return 1 if missed or wrong else 0


def main():
    rooms = tomllib.loads((TOP / "scripts/layers.toml").read_text())["rooms"]
    if "--self-test" in sys.argv:
        code = self_test(rooms)
        print("layers: self-test " + ("failed" if code else "found every planted fault"))
        return code
    problems, files = check(TOP, rooms)
    for problem in problems:
        print(problem)
    if files == 0:
        print("layers: nothing to check, which is a failure")
        return 1
    print(f"layers: {files} files, {len(problems)} violations")
    return 1 if problems else 0


sys.exit(main())
