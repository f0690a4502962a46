#!/usr/bin/env python3
"""The suite's own EMA cross once more, in Python: the same trades, to the last digit.

    ./ema_cross.py --backtest BTC-USD --param fast=10 --param slow=30 --short
    ./ema_cross.py --backtest my_bars.csv
    ./ema_cross.py                              # connects to the running suite; then deploy it on the dashboard
"""
import ballast


class EmaCross(ballast.Strategy):
    """Follows the trend: long when the fast exponential average of the close crosses above the slow one, short (or out,
    when shorts are not allowed) when it crosses below."""

    name = "py_ema_cross"
    version = "1.0"
    display_name = "EMA cross (Python)"
    warmup_bars = 500

    fast = ballast.Integer(12, 1, 500, "periods of the fast average")
    slow = ballast.Integer(26, 2, 1000, "periods of the slow average")

    def start(self, ctx: ballast.Context) -> None:
        if self.fast >= self.slow:
            raise ValueError("fast must be below slow")
        self.averages = ballast.Ema(self.fast), ballast.Ema(self.slow)
        self.cross = ballast.Cross()
        self.bars = 0

    def on_bar(self, ctx: ballast.Context, bar: ballast.Bar) -> "ballast.Decision | None":
        fast, slow = (average.add(bar.close) for average in self.averages)
        self.bars += 1
        crossed = self.cross.add(fast, slow)
        # Before `slow` bars the averages still lean on the first price.
        if crossed == 0 or self.bars <= self.slow:
            return None
        decide, where = (ballast.long, "above") if crossed > 0 else (ballast.short, "below")
        return decide(f"fast crossed {where} slow", fast=fast, slow=slow, close=bar.close)


if __name__ == "__main__":
    ballast.run(EmaCross)
