"""Runs the instances of a strategy: the suite's messages in, answers out. The same in a backtest and live."""
from __future__ import annotations

import dataclasses
import datetime
import logging
from decimal import Decimal
from typing import Dict, Iterator, Optional, Tuple, Type

from google.protobuf.timestamp_pb2 import Timestamp

from ballast.external.v1 import external_strategy_service_pb2 as pb
from ballast.model import Bar, Context, Decision, Quote, text
from ballast.strategy import Strategy

log = logging.getLogger("ballast")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
FAILURE_BYTES_MAX = 500


def registration_of(strategy: Type[Strategy], take_over: bool = False) -> pb.Registration:
    """How a strategy describes itself."""
    if not getattr(strategy, "name", ""):
        raise ValueError(f"{strategy.__name__}: its name is missing: name = \"my_strategy\"")
    made = pb.Registration(name=strategy.name, version=strategy.version,
                           display_name=strategy.display_name or strategy.name.replace("_", " ").capitalize(),
                           description=strategy.description or " ".join((strategy.__doc__ or "").split()),
                           warmup_bars=strategy.warmup_bars, take_over=take_over, quotes=strategy.wants_quotes())
    for name, parameter in strategy.parameters().items():
        made.parameters.add(
            name=name, description=parameter.description,
            type=pb.PARAMETER_TYPE_INTEGER if parameter.integer else pb.PARAMETER_TYPE_DECIMAL,
            default_value=text(parameter.default), minimum=text(parameter.minimum), maximum=text(parameter.maximum))
    return made


class _Instance:
    """A strategy on one instrument. Once it has raised nobody knows what it knows, so it decides nothing any more."""

    def __init__(self, strategy: Type[Strategy], opened: pb.DeploymentOpened, symbol: str) -> None:
        parameters = dict(opened.parameters)
        modelled = opened.quote_source == pb.QUOTE_SOURCE_MODEL
        self._live = Context(opened.deployment_id, opened.account_id, symbol, opened.timeframe, parameters,
                             quotes_are_modelled=modelled)
        self._warming = dataclasses.replace(self._live, warming=True)
        self.failure = ""
        self._strategy: Optional[Strategy] = None
        try:
            self._strategy = strategy({name: parameter.read(parameters.get(name, text(parameter.default)))
                                       for name, parameter in strategy.parameters().items()})
            self._strategy.start(self._live)
        except Exception as problem:
            self._fail(problem)

    def decide(self, bar: Bar, history: bool) -> Optional[Decision]:
        if self.failure or self._strategy is None:
            return None
        try:
            said = self._strategy.on_bar(self._warming if history else self._live, bar)
            if said is not None and not isinstance(said, Decision):
                raise TypeError(f"on_bar returned {said!r}, not long(…), short(…), out(…), hold(…) or None")
            return said
        except Exception as problem:
            self._fail(problem)
            return None

    def hear(self, quote: Quote) -> None:
        if self.failure or self._strategy is None:
            return
        try:
            self._strategy.on_quote(self._live, quote)
        except Exception as problem:
            self._fail(problem)

    def _fail(self, problem: Exception) -> None:
        log.exception("%s on %s: it decides nothing any more", self._live.deployment_id, self._live.symbol)
        whole = f"{type(problem).__name__}: {problem}"
        self.failure = whole.encode()[:FAILURE_BYTES_MAX].decode(errors="ignore")


def _time(stamp: Timestamp) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def _quote(proto: pb.Quote) -> Quote:
    return Quote(proto.symbol, _time(proto.quote_time), Decimal(proto.bid_price), Decimal(proto.bid_size),
                 Decimal(proto.ask_price), Decimal(proto.ask_size), Decimal(proto.last_price), proto.session_open,
                 proto.halted, proto.stale)


def _bar(proto: pb.Bar) -> Bar:
    return Bar(proto.symbol, _time(proto.start_time), Decimal(proto.open), Decimal(proto.high), Decimal(proto.low), Decimal(proto.close),
               Decimal(proto.volume))


class Host:
    def __init__(self, strategy: Type[Strategy]) -> None:
        self._strategy = strategy
        self._opened: Dict[str, pb.DeploymentOpened] = {}
        self._instances: Dict[Tuple[str, str], _Instance] = {}

    def handle(self, message: pb.ConnectResponse) -> Iterator[pb.ConnectRequest]:
        kind = message.WhichOneof("message")
        if kind == "bars":
            yield from self._bars(message.bars)
        elif kind == "quotes":
            self._quotes(message.quotes)
        elif kind == "opened":
            self._forget(message.opened.deployment_id)
            self._opened[message.opened.deployment_id] = message.opened
            log.info("%s: %s on %s, %s bars", message.opened.deployment_id,
                     ", ".join(f"{name}={value}" for name, value in sorted(message.opened.parameters.items())),
                     ", ".join(message.opened.symbols), message.opened.timeframe)
        elif kind == "closed":
            self._forget(message.closed.deployment_id)
            log.info("%s has ended: %s", message.closed.deployment_id, message.closed.reason)
        elif kind == "refused":
            log.warning("%s: answer %d does not count: %s: %s", message.refused.deployment_id, message.refused.sequence,
                        pb.Fault.Name(message.refused.fault), message.refused.message)
        elif kind == "registered":
            log.info("connected as %s; a bar is to be answered within %d ms", message.registered.strategy_id,
                     message.registered.answer_window_ms)

    def _forget(self, deployment: str) -> None:
        self._opened.pop(deployment, None)
        for key in [key for key in self._instances if key[0] == deployment]:
            del self._instances[key]

    def _instance(self, opened: pb.DeploymentOpened, symbol: str) -> _Instance:
        instance = self._instances.get((opened.deployment_id, symbol))
        if instance is None:
            instance = _Instance(self._strategy, opened, symbol)
            self._instances[opened.deployment_id, symbol] = instance
        return instance

    def _quotes(self, quotes: pb.Quotes) -> None:
        opened = self._opened.get(quotes.deployment_id)
        if opened is None:
            return
        for proto in quotes.quotes:
            self._instance(opened, proto.symbol).hear(_quote(proto))

    def _bars(self, bars: pb.Bars) -> Iterator[pb.ConnectRequest]:
        opened = self._opened.get(bars.deployment_id)
        if opened is None:
            return
        for proto in bars.bars:
            instance = self._instance(opened, proto.symbol)
            decision = instance.decide(_bar(proto), bars.history)
            if bars.history:
                continue
            request = pb.ConnectRequest()
            answer = request.answer
            answer.deployment_id = bars.deployment_id
            answer.sequence = proto.sequence
            if instance.failure:
                answer.failure = instance.failure
            elif decision is None:
                answer.signal = pb.SIGNAL_NONE
            else:
                # The numbers are the proto's.
                answer.signal = decision.signal.value  # type: ignore[assignment]
                answer.reason = decision.reason
                if decision.strength is not None:
                    answer.strength = text(decision.strength)
                if decision.quantity is not None:
                    answer.quantity = text(decision.quantity)
                if decision.stop_price is not None:
                    answer.stop_price = text(decision.stop_price)
                if decision.target_price is not None:
                    answer.target_price = text(decision.target_price)
                for name, value in decision.inputs.items():
                    answer.inputs[name] = value
            yield request
