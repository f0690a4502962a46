// ccxt for Node.js over REST.
import ccxt from 'ccxt';
import { facts, httpUrl, move } from './control.mjs';

const client = new ccxt.binance({
  apiKey: process.env.VENUE_KEY,
  secret: process.env.VENUE_SECRET,
  options: { fetchMarkets: { types: ['spot'] }, fetchCurrencies: false, fetchMargins: false },
});
// Every address that ccxt knows becomes the venue's: what it does not play is answered 404 by it, and by no real one.
const api = client.urls.api;
for (const name of Object.keys(api)) api[name] = httpUrl + ({ public: '/api/v3', private: '/api/v3', v1: '/api/v1' }[name] ?? '/none');
await client.loadMarkets();
const balance = await client.fetchBalance();
const book = await client.fetchOrderBook('BTC/USDT', 20);
await move('60000');
const order = await client.createOrder('BTC/USDT', 'limit', 'buy', 0.05, 59000);
await move('58900', '0.02');
const partly = await client.fetchOrder(order.id, 'BTC/USDT');
const cancelled = await client.cancelOrder(order.id, 'BTC/USDT');
const trades = await client.fetchMyTrades('BTC/USDT');
facts({ free: balance.USDT.free, depth: book.bids.length, partly: partly.filled, cancelled: cancelled.status,
        bought: trades.reduce((sum, trade) => sum + trade.amount, 0) });
