"""ccxt over REST."""
import ccxt
import control

client = control.lead_here(ccxt.binance(control.ccxt_options()))
client.load_markets()
free = client.fetch_balance()["USDT"]["free"]
book = client.fetch_order_book("BTC/USDT", 20)
bars = client.fetch_ohlcv("BTC/USDT", "5m", limit=30)
ticker = client.fetch_ticker("BTC/USDT")
control.move("60000")
far = client.create_order("BTC/USDT", "limit", "buy", 0.01, 40000)
cancelled = client.cancel_order(far["id"], "BTC/USDT")
near = client.create_order("BTC/USDT", "limit", "buy", 0.05, 59000, {"newClientOrderId": "partly"})
control.move("58900", "0.02")
partly = client.fetch_order(near["id"], "BTC/USDT")
open_now = client.fetch_open_orders("BTC/USDT")
client.cancel_order(near["id"], "BTC/USDT")
market = client.create_order("BTC/USDT", "market", "sell", 0.01)
try:
    client.create_order("BTC/USDT", "limit", "buy", 5, 50000)
    refused = "taken"
except ccxt.InsufficientFunds:
    refused = "InsufficientFunds"
try:
    client.cancel_order(near["id"], "BTC/USDT")
    gone = "cancelled"
except ccxt.OrderNotFound:
    gone = "OrderNotFound"
trades = client.fetch_my_trades("BTC/USDT")
orders = client.fetch_orders("BTC/USDT")
control.show(free=free, spread=book["asks"][0][0] - book["bids"][0][0], depth=len(book["bids"]), bars=len(bars),
             last=ticker["last"], cancelled=cancelled["status"], partly=partly["filled"], partly_status=partly["status"],
             open=[order["clientOrderId"] for order in open_now], market=market["status"], refused=refused, gone=gone,
             bought=sum(trade["amount"] for trade in trades if trade["side"] == "buy"), orders=len(orders),
             fee=trades[0]["fee"]["currency"])
