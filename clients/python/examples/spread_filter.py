from decimal import Decimal
from typing import Optional

import ballast


class SpreadFilter(ballast.Strategy):
    """Long above its average while the spread is narrow; says itself how many units, and where it gets out."""

    name = "spread_filter"
    version = "1"
    warmup_bars = 200

    periods = ballast.Integer(50, 2, 500, "periods of the average")
    spread_bps = ballast.Fraction("10", 0, 1000, "widest spread it enters at, in basis points of the price")
    units = ballast.Fraction("0", 0, 1000000, "units of an entry; 0: the deployment's size")
    stop = ballast.Fraction("0.01", "0.0001", "0.5", "stop below the bid, as a part of it")
    reward = ballast.Fraction("2", "0.1", 20, "target above the bid, in distances of the stop")

    def start(self, ctx: ballast.Context) -> None:
        self.average = ballast.Ema(self.periods)
        self.quote: Optional[ballast.Quote] = None

    def on_quote(self, ctx: ballast.Context, quote: ballast.Quote) -> None:
        self.quote = quote

    def on_bar(self, ctx: ballast.Context, bar: ballast.Bar) -> Optional[ballast.Decision]:
        average = self.average.add(bar.close)
        if bar.close < average:
            return ballast.out("below its average", average=average, close=bar.close)
        quote = self.quote
        if quote is None or not quote.session_open or quote.halted or quote.stale or quote.bid_price <= 0:
            return None
        spread = round((quote.ask_price - quote.bid_price) / quote.bid_price * 10000, 4)
        if spread > self.spread_bps:
            return ballast.hold("the spread is too wide", spread_bps=spread)
        # Whole cents: prices that people can compare.
        distance = (quote.bid_price * self.stop).quantize(Decimal("0.01"))
        return ballast.long("above its average, with a narrow spread", average=average, spread_bps=spread,
                            quantity=self.units or None, stop_price=quote.bid_price - distance,
                            target_price=quote.bid_price + distance * self.reward)


if __name__ == "__main__":
    ballast.run(SpreadFilter)
