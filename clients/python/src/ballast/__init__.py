"""Write trading strategies for Ballast: the same file in a backtest and on the running suite.

    class Momentum(ballast.Strategy):
        name = "momentum"
        version = "1"
        ...
    if __name__ == "__main__":
        ballast.run(Momentum)
"""
from ballast.command import run
from ballast.indicators import Cross, Ema, Sma
from ballast.model import Bar, Context, Decision, Quote, Signal, hold, long, out, short
from ballast.strategy import Fraction, Integer, Strategy

__all__ = ["Bar", "Context", "Cross", "Decision", "Ema", "Fraction", "Integer", "Quote", "Signal", "Sma", "Strategy", "hold",
           "long", "out", "run", "short"]
__version__ = "0.1.0"
