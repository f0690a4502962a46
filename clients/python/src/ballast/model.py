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
class Context:
    """Where a strategy runs: one instance of it for each instrument of a deployment."""

    deployment_id: str
    account_id: str
    symbol: str
    timeframe: str
    parameters: Mapping[str, str]
    # The bar is of the past: it is to be seen, and what is said of it counts for nothing.
    warming: bool = False


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

    def __post_init__(self) -> None:
        if self.signal is not Signal.NONE and not self.reason:
            raise ValueError("a signal needs its reason")
        if len(self.reason.encode()) > REASON_BYTES_MAX:
            raise ValueError(f"a reason of at most {REASON_BYTES_MAX} bytes is expected")
        if len(self.inputs) > INPUTS_MAX:
            raise ValueError(f"at most {INPUTS_MAX} inputs are expected")
        if self.strength is not None and not (self.strength.is_finite() and 0 <= self.strength <= 1):
            raise ValueError(f"a strength of 0 to 1 is expected, not {self.strength}")


def _decide(signal: Signal, reason: str, strength: Optional[Number], inputs: Dict[str, object]) -> Decision:
    exact: Optional[Decimal] = None
    if strength is not None:
        try:
            # Its shortest text: what a person would write for the float.
            exact = Decimal(str(strength))
        except InvalidOperation:
            raise ValueError(f"a strength of 0 to 1 is expected, not {strength!r}") from None
    return Decision(signal, reason, exact, {name: text(value) for name, value in inputs.items()})


def text(value: object) -> str:
    """Without an exponent, and without zeros that say nothing."""
    if isinstance(value, Decimal) and value.is_finite():
        plain = f"{value:f}"
        return plain.rstrip("0").rstrip(".") or "0" if "." in plain else plain
    return str(value)


def long(reason: str, strength: Optional[Number] = None, **inputs: object) -> Decision:
    """Be long: enter, or turn around."""
    return _decide(Signal.LONG, reason, strength, inputs)


def short(reason: str, strength: Optional[Number] = None, **inputs: object) -> Decision:
    """Be short; where the deployment may not be, only leave what is long."""
    return _decide(Signal.SHORT, reason, strength, inputs)


def out(reason: str, strength: Optional[Number] = None, **inputs: object) -> Decision:
    """Close what is held and take no side."""
    return _decide(Signal.OUT, reason, strength, inputs)


def hold(reason: str, **inputs: object) -> Decision:
    """Nothing to do, and why; kept as a decision. To say nothing, return None."""
    return _decide(Signal.NONE, reason, None, inputs)
