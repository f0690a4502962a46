import pathlib
import socket
import struct
import threading

import pytest

from ballast import pipe
from ballast.environment import NotFound, find_suite
from ballast.external.v1 import external_strategy_service_pb2 as pb
from ema_cross import EmaCross


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("BALLAST_STRATEGY_ADDRESS", "BALLAST_TOKEN", "BALLAST_RUN_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def write(folder, text="BALLAST_TOKEN=secret=1\nBALLAST_STRATEGY_ADDRESS=127.0.0.1:1\n"):
    folder.mkdir(parents=True)
    (folder / "env").write_text(text)


def test_the_suite_is_found_above_and_its_token_is_not_shown(tmp_path, monkeypatch):
    write(tmp_path / ".run")
    (tmp_path / "deep/er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep/er")
    suite = find_suite(None, pathlib.Path("/nowhere/strategy.py"))
    assert (suite.address, suite.token) == ("127.0.0.1:1", "secret=1")
    assert "secret" not in repr(suite)
    monkeypatch.chdir("/")
    assert find_suite(None, tmp_path / "deep/strategy.py").token == "secret=1"
    assert find_suite(str(tmp_path / ".run"), pathlib.Path("/x.py")).token == "secret=1"


def test_variables_come_before_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("BALLAST_STRATEGY_ADDRESS", "host:2")
    monkeypatch.setenv("BALLAST_TOKEN", "other")
    assert find_suite(None, tmp_path / "x.py").address == "host:2"


def test_without_a_suite_it_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match="start the suite"):
        find_suite(None, tmp_path / "x.py")
    write(tmp_path / "old", "BALLAST_TOKEN=secret\n")
    with pytest.raises(NotFound, match="does not say where strategy_runner is"):
        find_suite(str(tmp_path / "old"), tmp_path / "x.py")


def test_a_backtest_is_served_until_it_ends():
    ours, theirs = socket.socketpair()
    served = threading.Thread(target=pipe.serve, args=(EmaCross, theirs.detach()))
    served.start()
    stream = ours.makefile("rwb")

    def send(message):
        body = message.SerializeToString()
        stream.write(struct.pack(">I", len(body)) + body)
        stream.flush()

    def receive():
        (size,) = struct.unpack(">I", stream.read(4))
        return pb.ConnectRequest.FromString(stream.read(size))

    assert receive().registration.name == "py_ema_cross"
    send(pb.ConnectResponse(opened=pb.DeploymentOpened(deployment_id="d", parameters={"fast": "1", "slow": "2"}, symbols=["A"])))
    signals = []
    for sequence, close in enumerate(["10", "9", "8", "12", "7"], 1):
        send(pb.ConnectResponse(bars=pb.Bars(deployment_id="d", bars=[
            pb.Bar(sequence=sequence, symbol="A", open=close, high=close, low=close, close=close, volume="1")])))
        answer = receive().answer
        assert answer.sequence == sequence
        signals.append(answer.signal)
    assert signals == [pb.SIGNAL_NONE] * 3 + [pb.SIGNAL_LONG, pb.SIGNAL_SHORT]
    stream.close()
    ours.close()
    served.join(10)
    assert not served.is_alive()
