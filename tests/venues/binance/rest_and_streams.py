"""python-binance: REST, a managed depth and the account's stream."""
import asyncio
import os

import control
from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException

AsyncClient.API_URL = control.url("http", "/api")
AsyncClient.WS_API_URL = control.url("ws", "/ws-api/v3")
BinanceSocketManager.STREAM_URL = control.url("ws", "/")


async def main():
    client = await AsyncClient.create(os.environ["VENUE_KEY"], os.environ["VENUE_SECRET"])
    try:
        free = (await client.get_asset_balance("USDT"))["free"]
        book = await client.get_order_book(symbol="BTCUSDT", limit=20)
        control.move("60000")
        manager = BinanceSocketManager(client)
        seen = []
        async with manager.user_socket() as stream:
            while not control.ask("GET", "subscribers")["accounts"]:
                await asyncio.sleep(0.05)
            order = await client.order_limit_buy(symbol="BTCUSDT", quantity="0.05", price="59000",
                                                 newClientOrderId="partly")
            control.move("58900", "0.02")
            partly = await client.get_order(symbol="BTCUSDT", orderId=order["orderId"])
            await client.cancel_order(symbol="BTCUSDT", origClientOrderId="partly")
            while not any(event.get("x") == "CANCELED" for event in seen):
                seen.append(await asyncio.wait_for(stream.recv(), 20))
        try:
            await client.create_order(symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.05",
                                      price="59000.001")
            refused = None
        except BinanceAPIException as problem:
            refused = problem.code
        oco = await client.create_oco_order(symbol="BTCUSDT", side="SELL", quantity="0.05", aboveType="LIMIT_MAKER",
                                            abovePrice="70000", belowType="STOP_LOSS_LIMIT", belowPrice="49000",
                                            belowStopPrice="50000", belowTimeInForce="GTC")
        trades = await client.get_my_trades(symbol="BTCUSDT")
        orders = await client.get_all_orders(symbol="BTCUSDT")
        control.show(free=free, depth=len(book["bids"]), partly=partly["executedQty"], refused=refused,
                     executions=[event["x"] for event in seen if event.get("e") == "executionReport"],
                     stream_filled=[event["l"] for event in seen if event.get("x") == "TRADE"],
                     trades=[trade["qty"] for trade in trades], orders=len(orders), oco=oco["listOrderStatus"])
    finally:
        await client.close_connection()


asyncio.run(main())
