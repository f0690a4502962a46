"""ccxt.pro: a local book from the stream of differences, trades, and the account's own orders."""
import asyncio

import ccxt.pro
import control


async def main():
    client = control.lead_here(ccxt.pro.binance(control.ccxt_options()))
    try:
        book = await client.watch_order_book("BTC/USDT")
        for _ in range(3):
            book = await client.watch_order_book("BTC/USDT")
        depth = len(book["bids"])
        crossed = book["bids"][0][0] >= book["asks"][0][0]
        trades = await client.watch_trades("BTC/USDT")
        candles = await client.watch_ohlcv("BTC/USDT", "1m")
        control.ask("POST", "market", {"moving": False})
        control.move("60000")
        watching = asyncio.create_task(client.watch_orders("BTC/USDT"))
        while not control.ask("GET", "subscribers")["accounts"]:
            await asyncio.sleep(0.05)
        order = await client.create_order_ws("BTC/USDT", "limit", "buy", 0.05, 59000)
        seen = list(await watching)
        mine = asyncio.create_task(client.watch_my_trades("BTC/USDT"))
        balance = asyncio.create_task(client.watch_balance())
        await asyncio.sleep(0)
        control.move("58900", "0.02")
        while not any(one["filled"] for one in seen):
            seen += await client.watch_orders("BTC/USDT")
        await client.cancel_order_ws(order["id"], "BTC/USDT")
        while not any(one["status"] == "canceled" for one in seen):
            seen += await client.watch_orders("BTC/USDT")
        mine, balance = await mine, await balance
        control.show(depth=depth, crossed=crossed, trades=len(trades), candles=len(candles),
                     partly=max(one["filled"] for one in seen), statuses=sorted({one["status"] for one in seen}),
                     bought=sum(trade["amount"] for trade in mine), balance=balance["BTC"]["total"])
    finally:
        await client.close()


asyncio.run(asyncio.wait_for(main(), 60))
