"""Where the suite is and with which token: from variables, or from the .run/env that its start has written."""
from __future__ import annotations

import dataclasses
import os
import pathlib
from typing import Dict, Iterator, Optional


class NotFound(Exception):
    """No suite was found; the text says where was looked."""


@dataclasses.dataclass(frozen=True)
class Suite:
    # host:port of strategy_runner.
    address: str
    token: str = dataclasses.field(repr=False)


def above(*starts: pathlib.Path) -> Iterator[pathlib.Path]:
    """The folders, and all those that they lie in."""
    for start in starts:
        yield start
        yield from start.parents


def _read(path: pathlib.Path) -> Dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def find_suite(run_directory: Optional[str], script: pathlib.Path) -> Suite:
    """`run_directory`, else BALLAST_STRATEGY_ADDRESS and BALLAST_TOKEN, else BALLAST_RUN_DIRECTORY, else .run in the
    working folder, the script's, or one that those lie in."""
    given = run_directory
    if not given:
        address, token = os.environ.get("BALLAST_STRATEGY_ADDRESS"), os.environ.get("BALLAST_TOKEN")
        if address and token:
            return Suite(address, token)
        given = os.environ.get("BALLAST_RUN_DIRECTORY")
    folders = [pathlib.Path(given)] if given else [folder / ".run" for folder in above(pathlib.Path.cwd(), script.parent)]
    for folder in folders:
        path = folder / "env"
        if path.is_file():
            values = _read(path)
            if "BALLAST_STRATEGY_ADDRESS" in values and "BALLAST_TOKEN" in values:
                return Suite(values["BALLAST_STRATEGY_ADDRESS"], values["BALLAST_TOKEN"])
            raise NotFound(f"{path} does not say where strategy_runner is: start the suite once with this version")
    raise NotFound(f"there is no {folders[0]}/env"
                   + ("" if given else ", nor in the folders above")
                   + ": start the suite (./scripts/run), or say where its .run is with --run-directory")
