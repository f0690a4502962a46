"""The base class of strategies, and the parameters they declare."""
from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Dict, Optional, Union, overload

from ballast.model import Bar, Context, Decision, Number, Quote, text


class _Parameter:
    """A number that people set when they deploy; its value is that of the deployment."""

    integer: ClassVar[bool]

    def __init__(self, default: Number, minimum: Number, maximum: Number, description: str = "") -> None:
        self.default, self.minimum, self.maximum = (Decimal(str(value)) for value in (default, minimum, maximum))
        self.description = description
        self.name = ""
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError(f"{text(self.minimum)} to {text(self.maximum)} is expected as default, not {default}")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def read(self, written: str) -> Decimal:
        value = Decimal(written)
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{self.name}: {text(self.minimum)} to {text(self.maximum)} is expected, not {written}")
        return value


class Integer(_Parameter):
    """A whole number: `fast = Integer(12, 1, 500, "periods of the fast average")`."""

    integer = True

    @overload
    def __get__(self, instance: None, owner: type) -> "Integer": ...
    @overload
    def __get__(self, instance: "Strategy", owner: type) -> int: ...
    def __get__(self, instance: Optional["Strategy"], owner: type) -> Union["Integer", int]:
        return self if instance is None else int(instance._values[self.name])


class Fraction(_Parameter):
    """A decimal: `band = Fraction("0.001", 0, "0.1")`."""

    integer = False

    @overload
    def __get__(self, instance: None, owner: type) -> "Fraction": ...
    @overload
    def __get__(self, instance: "Strategy", owner: type) -> Decimal: ...
    def __get__(self, instance: Optional["Strategy"], owner: type) -> Union["Fraction", Decimal]:
        return self if instance is None else instance._values[self.name]


class Strategy:
    """One strategy on one instrument: bars in, decisions out. Size, stops and orders are the deployment's.

    A new instance is made for each instrument of each deployment, and again when a connection was lost or settings were
    changed; it then sees the past bars first. So whatever it knows must come from the bars it is told.
    """

    # a-z first, then a-z, 0-9, _ and -; at most 20.
    name: ClassVar[str]
    # 1 to 10 of letters, digits, . and -. A version stays as it was registered: raise it when parameters change.
    version: ClassVar[str] = "1"
    display_name: ClassVar[str] = ""
    # The class's docstring where this is empty.
    description: ClassVar[str] = ""
    # Bars of the past to be told before the first one that counts; 0 to 5000.
    warmup_bars: ClassVar[int] = 0

    def __init__(self, values: Dict[str, Decimal]) -> None:
        self._values = values

    @classmethod
    def wants_quotes(cls) -> bool:
        """It has an on_quote of its own."""
        return cls.on_quote is not Strategy.on_quote

    @classmethod
    def parameters(cls) -> Dict[str, _Parameter]:
        """Every parameter that the class and its bases declare, by name."""
        found: Dict[str, _Parameter] = {}
        for base in reversed(cls.__mro__):
            declared: Dict[str, Any] = {key: value for key, value in vars(base).items() if isinstance(value, _Parameter)}
            found.update(declared)
        return found

    def start(self, ctx: Context) -> None:
        """Before the first bar. Raise where the parameters do not go together: nothing is decided then."""

    def on_bar(self, ctx: Context, bar: Bar) -> Optional[Decision]:
        """A complete bar: long(…), short(…), out(…), hold(…), or None for nothing."""
        raise NotImplementedError

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        """A quote of the instrument. A strategy that has this method is told them, each before the bars that end at its
        time; those of the past are not told. It decides in on_bar. A process that is too slow is told the newest only."""
