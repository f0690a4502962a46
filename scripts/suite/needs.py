"""What the parts of scripts/test need beside the sources, and the Debian package that brings it.

Asked before anything is built: what cannot start says so in the first second, with the package's name. `undeclared` finds
what a script or a test uses and scripts/setup does not install; a machine that happens to have it would hide that."""
import ast
import importlib.util
import re
import shutil
import sys

from suite import layout as where

# Executable → package.
TOOLS = {
    "ccache": "ccache", "clang++-16": "clang-16", "clang-format-16": "clang-format-16", "cmake": "cmake",
    "ctest": "cmake", "chromium": "chromium", "mold": "mold", "ninja": "ninja-build", "node": "nodejs", "npm": "npm",
    "protoc": "protobuf-compiler", "redis-server": "redis-server",
}
# Python module → package.
MODULES = {"ensurepip": "python3-venv", "google": "python3-protobuf", "grpc": "python3-grpcio", "pytest": "python3-pytest",
           "redis": "python3-redis", "xdist": "python3-pytest-xdist"}

_BUILD = ("ccache", "clang++-16", "cmake", "mold", "ninja", "protoc")
_PARTS = {
    "check": (("clang-format-16", "protoc"), ()),
    "client": ((), ("google", "grpc", "pytest")),
    "unit": (_BUILD + ("ctest", "redis-server"), ()),
    "web": (("node", "npm"), ()),
    "e2e": (_BUILD + ("node", "npm", "redis-server"), tuple(MODULES)),
    "venues": (_BUILD + ("node", "npm"), ("ensurepip", "pytest")),
    "browser": (_BUILD + ("chromium", "node", "npm", "redis-server"), ("grpc",)),
}


def missing(part):
    """In words, what `part` cannot start without: nothing when it can."""
    tools, modules = _PARTS.get(part, ((), ()))
    return ([f"{tool} is not installed (Debian package {TOOLS[tool]})" for tool in tools if not shutil.which(tool)]
            + [f"Python's {name} is not installed (Debian package {MODULES[name]})"
               for name in modules if not importlib.util.find_spec(name)])


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def undeclared(top=where.TOP):
    """Modules of others that a Python file imports, and packages named above, that scripts/setup does not install."""
    installed = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", (top / "scripts/setup").read_text()))
    files = sorted(path for folder in ("scripts", "tests") for path in (top / folder).rglob("*.py"))
    ours = {path.stem for path in files} | {path.parent.name for path in files}
    problems = {f"scripts/setup does not install {package}"
                for package in (*TOOLS.values(), *MODULES.values()) if package not in installed}
    for path in files:
        for name in set(_imported(path)) - ours - set(sys.stdlib_module_names) - set(MODULES):
            problems.add(f"{path.relative_to(top)} imports {name}, and scripts/suite/needs.py names no package for it")
    return sorted(problems)
