// @binance/spot, Binance's own: REST, the WebSocket API with the account's stream, and a market stream.
import { Spot } from '@binance/spot';
import { ask, facts, httpUrl, move, wsUrl } from './control.mjs';

const secret = process.env.VENUE_SECRET;
const keys = { apiKey: process.env.VENUE_KEY, [secret.includes('PRIVATE KEY') ? 'privateKey' : 'apiSecret']: secret };
const client = new Spot({
  configurationRestAPI: { ...keys, basePath: httpUrl },
  configurationWebsocketAPI: { ...keys, wsURL: `${wsUrl}/ws-api/v3` },
  configurationWebsocketStreams: { wsURL: wsUrl },
});
const rest = client.restAPI;
const data = async (promise) => (await promise).data();
const account = await data(rest.getAccount({ omitZeroBalances: true }));
const book = await data(rest.depth({ symbol: 'BTCUSDT', limit: 20 }));
await move('60000');

const connection = await client.websocketAPI.connect();
const events = [];
const { stream } = await connection.userDataStreamSubscribeSignature();
stream.on('message', (event) => events.push(event));
const until = async (done) => { while (!done()) await new Promise((resolve) => setTimeout(resolve, 20)); };

const streams = await client.websocketStreams.connect();
const quotes = [];
streams.bookTicker({ symbol: 'btcusdt' }).on('message', (quote) => quotes.push(quote));
await until(() => quotes.length > 0 || void ask('POST', 'market', { moving: true }));
await ask('POST', 'market', { moving: false });
await move('60000');

const order = await data(rest.newOrder({ symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.05, price: 59000 }));
await move('58900', '0.02');
const partly = await data(rest.getOrder({ symbol: 'BTCUSDT', orderId: order.orderId }));
const cancelled = (await connection.orderCancel({ symbol: 'BTCUSDT', orderId: order.orderId })).data;
await until(() => events.some((event) => event.x === 'CANCELED'));
const trades = await data(rest.myTrades({ symbol: 'BTCUSDT' }));
facts({
  free: account.balances.find((one) => one.asset === 'USDT').free, depth: book.bids.length, partly: partly.executedQty,
  cancelled: cancelled.status ?? cancelled.result?.status, quote: quotes[0].s, trades: trades.map((trade) => trade.qty),
  stream_filled: events.filter((event) => event.x === 'TRADE').map((event) => event.l),
});
await connection.disconnect();
await streams.disconnect();
process.exit(0);
