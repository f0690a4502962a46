"""ccxt while answers are lost, it is banned, and the clock is wrong."""
import ccxt
import control

client = control.lead_here(ccxt.binance(control.ccxt_options()))
client.options["maxRetriesOnFailure"] = 0
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
