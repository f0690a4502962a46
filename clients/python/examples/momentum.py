import ballast


class Momentum(ballast.Strategy):
    """Long when the close is above its average by more than the band, out when it falls below the average."""

    name = "momentum"
    version = "1"
    warmup_bars = 200

    periods = ballast.Integer(50, 2, 500, "periods of the average")
    band = ballast.Fraction("0.002", 0, "0.1", "how far above counts, as a part of the average")

    def start(self, ctx):
        self.average = ballast.Ema(self.periods)

    def on_bar(self, ctx, bar):
        average = self.average.add(bar.close)
        if bar.close > average * (1 + self.band):
            return ballast.long("above its average", average=average, close=bar.close)
        if bar.close < average:
            return ballast.out("below its average", average=average, close=bar.close)
        return None


if __name__ == "__main__":
    ballast.run(Momentum)
