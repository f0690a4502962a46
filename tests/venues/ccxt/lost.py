"""ccxt while answers are lost, it is banned, and the clock is wrong."""
import os

import ccxt
import control

client = ccxt.binance({"apiKey": os.environ["VENUE_KEY"], "secret": os.environ["VENUE_SECRET"],
                       "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False,
                                   "maxRetriesOnFailure": 0}})
for name, path in {"public": "/api/v3", "private": "/api/v3", "v1": "/api/v1"}.items():
    client.urls["api"][name] = control.url("http", path)
client.load_markets()


def caught(call):
    """The broadest of the kinds a caller would tell apart."""
    try:
        return call()["status"]
    except (ccxt.OrderNotFound, ccxt.DDoSProtection, ccxt.InvalidNonce) as problem:
        return next(kind.__name__ for kind in (ccxt.OrderNotFound, ccxt.DDoSProtection, ccxt.InvalidNonce)
                    if isinstance(problem, kind))
    except ccxt.NetworkError:
        return "NetworkError"


def place(name):
    return client.create_order("BTC/USDT", "limit", "buy", 0.01, 40000, {"newClientOrderId": name})


def look(name):
    return client.fetch_order(None, "BTC/USDT", {"origClientOrderId": name})


control.ask("POST", "faults", {"drop_answers": 1})
after = caught(lambda: place("after"))
control.ask("POST", "faults", {"drop_requests": 1})
before = caught(lambda: place("before"))
status, missing = caught(lambda: look("after")), caught(lambda: look("before"))
control.ask("POST", "faults", {"rate_limits": 1})
banned = caught(lambda: look("after"))
control.ask("POST", "faults", {"clock_skew_ms": 60000})
clock = caught(lambda: look("after"))
control.show(after=after, status=status, before=before, missing=missing, banned=banned, clock=clock)
