"""Averages in exact decimals, rounded as the suite's own: the same figures on every machine."""
from __future__ import annotations

import decimal
from collections import deque
from decimal import Decimal
from typing import Deque, Optional

_EXACT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
_UNIT = Decimal(1).scaleb(-18)
_PLACES = Decimal(1).scaleb(-12)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, context=_EXACT)


class Ema:
    """Exponential average: alpha = 2 / (periods + 1), from the first value on, rounded half-even at 12 places."""

    def __init__(self, periods: int) -> None:
        if periods < 1:
            raise ValueError(f"periods: at least 1 is expected, not {periods}")
        self._alpha = _rounded(_EXACT.divide(Decimal(2), Decimal(periods + 1)), _UNIT)
        self.value: Optional[Decimal] = None

    def add(self, value: Decimal) -> Decimal:
        """The average with the value."""
        if self.value is None:
            self.value = value
        else:
            step = _rounded(_EXACT.multiply(_EXACT.subtract(value, self.value), self._alpha), _UNIT)
            self.value = _EXACT.add(self.value, _rounded(step, _PLACES))
        return self.value


class Sma:
    """Plain average of the last values, rounded half-even at 12 places; None before there are as many as periods."""

    def __init__(self, periods: int) -> None:
        if periods < 1:
            raise ValueError(f"periods: at least 1 is expected, not {periods}")
        self._periods = periods
        self._values: Deque[Decimal] = deque(maxlen=periods)
        self._sum = Decimal(0)

    def add(self, value: Decimal) -> Optional[Decimal]:
        if len(self._values) == self._periods:
            self._sum = _EXACT.subtract(self._sum, self._values[0])
        self._values.append(value)
        self._sum = _EXACT.add(self._sum, value)
        if len(self._values) < self._periods:
            return None
        return _rounded(_EXACT.divide(self._sum, Decimal(self._periods)), _PLACES)


class Cross:
    """Tells when one number comes to the other side of another. A touch is no cross."""

    def __init__(self) -> None:
        self._side = 0

    def add(self, first: Decimal, second: Decimal) -> int:
        """1: the first has come above, -1: below, 0: neither."""
        side = (first > second) - (first < second)
        crossed = side if side != 0 and self._side != 0 and side != self._side else 0
        if side != 0:
            self._side = side
        return crossed
