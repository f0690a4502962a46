"""One fault of each kind over real processes: kills, pauses, Postgres, the network between them. Many: scripts/chaos."""
import sys

import pytest

import harness

sys.path.append(str(harness.TOP / "tests"))

from proofs import chaos  # noqa: E402


@pytest.fixture
def suite(tmp_path_factory, protos):
    one = harness.Suite(tmp_path_factory.mktemp("chaos"), protos, chaos.SETTINGS)
    proxies = chaos.behind(one, 5)
    try:
        one.start()
        yield one, proxies
    finally:
        one.remove()
        for proxy in proxies.values():
            proxy.close()


def test_one_fault_of_each_kind_loses_and_doubles_nothing(suite):
    seconds, figures = chaos.run(*suite, seed=5, times=1)
    print(f"\n{figures}, back after " + ", ".join(f"{name} {max(values):.1f} s" for name, values in seconds.items()))
    assert figures["acknowledged"] > 20
