"""A backtest drives the strategy through a socket: each message behind its length in four bytes."""
from __future__ import annotations

import socket
import struct
from typing import IO, Optional, Type

from ballast.external.v1 import external_strategy_service_pb2 as pb
from ballast.host import Host, registration_of
from ballast.strategy import Strategy


def _read(stream: IO[bytes]) -> Optional[pb.ConnectResponse]:
    head = stream.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    body = stream.read(size)
    return pb.ConnectResponse.FromString(body) if len(body) == size else None


def _write(stream: IO[bytes], message: pb.ConnectRequest) -> None:
    body = message.SerializeToString()
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def serve(strategy: Type[Strategy], descriptor: int) -> int:
    """Until the backtest closes its end."""
    with socket.socket(fileno=descriptor) as connection, connection.makefile("rb") as incoming, \
            connection.makefile("wb") as outgoing:
        host = Host(strategy)
        _write(outgoing, pb.ConnectRequest(registration=registration_of(strategy)))
        while True:
            message = _read(incoming)
            if message is None:
                return 0
            for answer in host.handle(message):
                _write(outgoing, answer)
