"""A strategy on the running suite: connects, and connects again until it is stopped or refused for good."""
from __future__ import annotations

import logging
import queue
import random
import time
from typing import Callable, Iterator, Optional, Type

import grpc

from ballast.environment import Suite
from ballast.external.v1 import external_strategy_service_pb2 as pb
from ballast.host import Host, registration_of
from ballast.strategy import Strategy

log = logging.getLogger("ballast")

METHOD = "/ballast.external.v1.ExternalStrategyService/Connect"
# The same again would be refused again.
FINAL = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT,
         grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION,
         grpc.StatusCode.UNIMPLEMENTED}
PAUSE_S_MIN, PAUSE_S_MAX = 0.25, 5.0
# A line a minute while it waits.
TRIES_TOLD = 12


class Refused(Exception):
    """The suite takes this strategy not at all; the text says why."""


def _outgoing(requests: "queue.Queue[Optional[pb.ConnectRequest]]") -> Iterator[pb.ConnectRequest]:
    while True:
        request = requests.get()
        if request is None:
            return
        yield request


def _once(strategy: Type[Strategy], suite: Suite, take_over: bool, connected: Callable[[], None]) -> grpc.RpcError:
    """One connection, to its end."""
    requests: "queue.Queue[Optional[pb.ConnectRequest]]" = queue.Queue()
    requests.put(pb.ConnectRequest(registration=registration_of(strategy, take_over)))
    host = Host(strategy)
    options = [("grpc.max_receive_message_length", 16 << 20)]
    with grpc.insecure_channel(suite.address, options=options) as channel:
        connect = channel.stream_stream(METHOD, request_serializer=pb.ConnectRequest.SerializeToString,
                                        response_deserializer=pb.ConnectResponse.FromString)
        call = connect(_outgoing(requests), metadata=(("authorization", f"Bearer {suite.token}"),))
        try:
            for response in call:
                if response.HasField("registered"):
                    connected()
                for answer in host.handle(response):
                    requests.put(answer)
            return grpc.RpcError("the suite has ended the stream")
        except grpc.RpcError as problem:
            return problem
        finally:
            requests.put(None)
            call.cancel()


def run_live(strategy: Type[Strategy], find: Callable[[], Suite], take_over: bool = False) -> None:
    """Until interrupted. Refused, where connecting again would not help. `find` is asked before each connection: a suite
    that was started anew may have another token."""
    pause_s = PAUSE_S_MIN
    tries = 0

    def connected() -> None:
        nonlocal pause_s, take_over, tries
        pause_s = PAUSE_S_MIN
        tries = 0
        # From now on it is this process that others may take over from, once.
        take_over = False

    while True:
        problem = _once(strategy, find(), take_over, connected)
        code = problem.code() if isinstance(problem, grpc.Call) else None
        details = problem.details() if isinstance(problem, grpc.Call) else str(problem)
        if code is not None and code in FINAL:
            raise Refused(details or code.name)
        tries += 1
        if tries == 1:
            log.warning("not connected: %s; trying again until it is (./scripts/run --detach starts a suite)", details)
        elif tries % TRIES_TOLD == 0:
            log.warning("still not connected: %s", details)
        time.sleep(pause_s * random.uniform(0.8, 1.2))
        pause_s = min(2 * pause_s, PAUSE_S_MAX)
