"""What a strategy is told, and what it says."""
from __future__ import annotations

import dataclasses
import datetime
import enum
from decimal import Decimal, InvalidOperation
from typing import Dict, Mapping, Optional, Union

Number = Union[Decimal, int, float, str]


class Signal(enum.Enum):
    NONE = 1
    LONG = 2
    SHORT = 3
    OUT = 4


@dataclasses.dataclass(frozen=True)
class Bar:
    """A complete bar. Prices and volume are exact; the time is in UTC, with microseconds."""

    symbol: str
    start_time: datetime.datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclasses.dataclass(frozen=True)
class Quote:
    """Where the market stands, as it said last. Prices and sizes are exact; zero where there is none."""

    symbol: str
    quote_time: datetime.datetime
    bid_price: Decimal
    bid_size: Decimal
    ask_price: Decimal
    ask_size: Decimal
    last_price: Decimal
    session_open: bool
    halted: bool
    # Nobody stands behind the prices any more.
    stale: bool


@dataclasses.dataclass(frozen=True)
class Context:
    """Where a strategy runs: one instance of it for each instrument of a deployment."""

    deployment_id: str
    account_id: str
    symbol: str
    timeframe: str
    parameters: Mapping[str, str]
    # The bar is of the past: it is to be seen, and what is said of it counts for nothing.
    warming: bool = False
    # A backtest on bars that nobody quoted: one quote a bar, made of its close and a spread. Spreads and sizes say nothing.
    quotes_are_modelled: bool = False


REASON_BYTES_MAX = 200
INPUTS_MAX = 16


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a strategy says of one bar. `inputs` are what it was decided on; they are kept with the decision."""

    signal: Signal
    reason: str = ""
    # 0 to 1; kept with the decision, it makes no order larger.
    strength: Optional[Decimal] = None
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    # Of an entry; what is not said the deployment's settings decide. In units, a multiple of the lot.
    quantity: Optional[Decimal] = None
    # Where the position is to be left, at a loss and with a profit; with the signal of what is held they are moved.
    stop_price: Optional[Decimal] = None
    target_price: Optional[Decimal] = None

    def __post_init__(self) -> None:
        if self.signal is not Signal.NONE and not self.reason:
            raise ValueError("a signal needs its reason")
        if len(self.reason.encode()) > REASON_BYTES_MAX:
            raise ValueError(f"a reason of at most {REASON_BYTES_MAX} bytes is expected")
        if len(self.inputs) > INPUTS_MAX:
            raise ValueError(f"at most {INPUTS_MAX} inputs are expected")
        if self.strength is not None and not (self.strength.is_finite() and 0 <= self.strength <= 1):
            raise ValueError(f"a strength of 0 to 1 is expected, not {self.strength}")
        for name, value in (("quantity", self.quantity), ("stop_price", self.stop_price), ("target_price", self.target_price)):
            if value is None:
                continue
            if self.signal not in (Signal.LONG, Signal.SHORT):
                raise ValueError(f"{name}: with long or short only")
            if not (value.is_finite() and value > 0):
                raise ValueError(f"{name}: above zero is expected, not {value}")


def _exact(name: str, value: Optional[Number]) -> Optional[Decimal]:
    if value is None:
        return None
    try:
        # Its shortest text: what a person would write for the float.
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{name}: a number is expected, not {value!r}") from None


def _decide(signal: Signal, reason: str, strength: Optional[Number], inputs: Dict[str, object],
            quantity: Optional[Number] = None, stop_price: Optional[Number] = None,
            target_price: Optional[Number] = None) -> Decision:
    return Decision(signal, reason, _exact("strength", strength), {name: text(value) for name, value in inputs.items()},
                    _exact("quantity", quantity), _exact("stop_price", stop_price), _exact("target_price", target_price))


def text(value: object) -> str:
    """Without an exponent, and without zeros that say nothing."""
    if isinstance(value, Decimal) and value.is_finite():
        plain = f"{value:f}"
        return plain.rstrip("0").rstrip(".") or "0" if "." in plain else plain
    return str(value)


def long(reason: str, strength: Optional[Number] = None, *, quantity: Optional[Number] = None,
         stop_price: Optional[Number] = None, target_price: Optional[Number] = None, **inputs: object) -> Decision:
    """Be long: enter, or turn around. An entry has `quantity` units where that is said, a multiple of the lot and at most
    what the deployment's size allows. It is left at `stop_price` or `target_price` beside the deployment's own stop and
    target; said again while it is held, they are moved."""
    return _decide(Signal.LONG, reason, strength, inputs, quantity, stop_price, target_price)


def short(reason: str, strength: Optional[Number] = None, *, quantity: Optional[Number] = None,
          stop_price: Optional[Number] = None, target_price: Optional[Number] = None, **inputs: object) -> Decision:
    """Be short, as `long` is long; where the deployment may not be, only leave what is long."""
    return _decide(Signal.SHORT, reason, strength, inputs, quantity, stop_price, target_price)


def out(reason: str, strength: Optional[Number] = None, **inputs: object) -> Decision:
    """Close what is held and take no side."""
    return _decide(Signal.OUT, reason, strength, inputs)


def hold(reason: str, **inputs: object) -> Decision:
    """Nothing to do, and why; kept as a decision. To say nothing, return None."""
    return _decide(Signal.NONE, reason, None, inputs)
