"""What a process says does not fill the disk."""
import pathlib
import types

from harness import wait_until
from suite import supervisor


def test_what_a_process_says_is_kept_within_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "OUTPUT_BYTES_MAX", 20_000)
    monkeypatch.setattr(supervisor.configuration, "of_process", lambda layout, process: {})
    layout = types.SimpleNamespace(logs=tmp_path, run=tmp_path, config=tmp_path / "none")
    child = supervisor.Child("alerts", layout, pathlib.Path("/nowhere"))
    child.command = ["/bin/sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo line $i; done; "
                     "while :; do echo still here; sleep 0.1; done"]
    child.start()
    output, before = tmp_path / "alerts.out", tmp_path / "alerts.out.1"

    def begun_again():
        child.bound_output()
        return before.exists() and output.read_text().endswith("still here\n")

    try:
        wait_until(begun_again, 30, "it goes on in a file that was begun again")
        child.bound_output()
        assert output.stat().st_size <= 20_000
        assert b"\0" not in output.read_bytes(), "it writes at the end, wherever that is"
    finally:
        child.process.kill()
        child.process.wait()
