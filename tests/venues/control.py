"""The simulator's own face, for the programs that drive a client, and what they all have to show."""
import json
import os
import urllib.request


def address():
    return os.environ["VENUE_ADDRESS"]


def scheme(kind):
    return kind + ("s" if os.environ.get("VENUE_TLS") else "")


def url(kind, path=""):
    return f"{scheme(kind)}://{address()}{path}"


def ccxt_options():
    """Spot alone: the rest is asked of hosts that the simulator does not play."""
    return {"apiKey": os.environ["VENUE_KEY"], "secret": os.environ["VENUE_SECRET"],
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}}


def lead_here(client):
    """Every address that ccxt knows becomes the venue's: what it does not play is answered 404 by it, and by no real one."""
    api = client.urls["api"]
    for name in list(api):
        if name != "ws":
            api[name] = url("http", {"public": "/api/v3", "private": "/api/v3", "v1": "/api/v1"}.get(name, "/none"))
    if "ws" in api:
        api["ws"] = {name: url("ws", "/ws" if name == "spot" else "/none") for name in api["ws"]}
        api["ws"]["ws-api"] = {"spot": url("ws", "/ws-api/v3")}
    return client


def ask(method, what, body=None):
    request = urllib.request.Request(url("http", f"/simulator/{what}"), method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": "Bearer " + os.environ["VENUE_CONTROL_TOKEN"]})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def move(price, quantity=None):
    """The market goes to `price`; of the clients' orders in between at most `quantity` trades."""
    ask("POST", "price", {"symbol": "BTCUSDT", "price": price} | ({"quantity": quantity} if quantity else {}))


def show(**facts):
    print("FACTS " + json.dumps(facts, default=str), flush=True)
