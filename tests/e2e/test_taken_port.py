"""A port that something else holds is told before the minutes of building, not after them."""
import socket
import subprocess

from suite import layout as where

SAID_WITHIN_S = 20


def test_a_taken_port_is_told_before_the_build(tmp_path):
    offset = next(offset for offset in range(3_000, where.PORT_OFFSET_MAX, 100)
                  if all(map(where.is_free, where.Layout.make(tmp_path / "run", False, offset).ports.values())))
    layout = where.Layout.make(tmp_path / "run", False, offset)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", layout.ports["http"]))
        holder.listen()
        done = subprocess.run([where.TOP / "scripts/run", "--port-offset", str(offset), "--run-directory",
                               layout.run], capture_output=True, text=True, timeout=SAID_WITHIN_S, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"in use by something else: {layout.ports['http']} (http)" in said, said
    assert "Building" not in said, said
