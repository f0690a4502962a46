// A pretended gateway for work on the pages when no suite runs: the REST and stream contract with invented, moving data.
// For development only. Nothing of it is in the bundle, and the product never shows data from here.
//   npm run mock            listens on 127.0.0.1:8099, token "mock", serves dist/ too
//   BALLAST_URL=http://127.0.0.1:8099 npm run dev
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const port = Number(process.env.MOCK_PORT ?? 8099);
const token = process.env.MOCK_TOKEN ?? "mock";
const root = join(fileURLToPath(new URL(".", import.meta.url)), "..", "dist");
const csrf = randomBytes(12).toString("hex");
const cookie = randomBytes(16).toString("hex");
const kCsp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

let seed = 7;
const random = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
const iso = (ms) => new Date(ms).toISOString();
const now = () => Date.now();

const kInstruments = [
  ["AAPL", "Apple", "EQUITY", 0.01, 1, 189.4], ["BTC-USD", "Bitcoin", "CRYPTO", 0.01, 0.0001, 64250], ["ETH-USD", "Ether", "CRYPTO", 0.01, 0.001, 3120],
  ["GOOGL", "Alphabet", "EQUITY", 0.01, 1, 134.5], ["MSFT", "Microsoft", "EQUITY", 0.01, 1, 415.2], ["PEPE-USD", "Pepe", "CRYPTO", 0.00000001, 1, 0.00001234],
];
const places = (step) => Math.max(0, Math.round(-Math.log10(step)));
const instruments = kInstruments.map(([symbol, display_name, kind, tick, lot]) => ({
  symbol, display_name, asset_class: `ASSET_CLASS_${kind}`, currency: "USD", tick_size: tick.toFixed(places(tick)), lot_size: lot.toFixed(places(lot)), min_notional: "1",
  taker_fee_ratio: "0.001", maker_fee_ratio: "0.0005", fee_per_unit: "0", shortable: kind === "EQUITY",
}));
const market = Object.fromEntries(kInstruments.map(([symbol, , , tick, , price]) => [symbol, { symbol, tick, price, sequence: 0, bars: [] }]));
const text = (symbol, price) => price.toFixed(places(market[symbol].tick));
for (const m of Object.values(market)) {
  let p = m.price * 0.985;
  const start = Math.floor(now() / 5000) * 5000 - 400 * 5000;
  for (let i = 0; i < 400; ++i) {
    const open = p;
    const points = [open];
    for (let k = 0; k < 5; ++k) points.push((p *= 1 + (random() - 0.492) * 0.0016 + (m.price - p) / m.price * 0.006));
    m.bars.push({ symbol: m.symbol, timeframe: "5s", start_time: iso(start + i * 5000), open: text(m.symbol, open), high: text(m.symbol, Math.max(...points)), low: text(m.symbol, Math.min(...points)), close: text(m.symbol, p), volume: String(Math.round(50 + random() * 900)) });
  }
  m.price = p;
}
const sideOf = (m, s) => Array.from({ length: 10 }, (_, i) => ({ price: text(m.symbol, m.price + s * m.tick * (i + 1)), size: String(Math.round(20 + random() * 300)) }));
const quoteOf = (m) => ({ symbol: m.symbol, bid_price: text(m.symbol, m.price - m.tick), bid_size: "120", ask_price: text(m.symbol, m.price + m.tick), ask_size: "90", last_price: text(m.symbol, m.price), quote_time: iso(now()), sequence: String(++m.sequence), session_open: true, age_ms: "0", stale: false, step: String(sequence), bids: sideOf(m, -1), asks: sideOf(m, 1) });

const kAccount = "paper";
const account = { account_id: kAccount, mode: "ACCOUNT_MODE_PAPER", currency: "USD", opening_cash: "100000", last_sequence: "1", halted: false, halt_reason: "", broker: "paper" };
let eventSequence = 1;
let cash = 100000;
let fees = 0;
let realised = 0;
const orders = new Map();
const events = new Map();
const byRequest = new Map();
const positions = new Map();
const fills = [];
const external_policy = { handling: "EXTERNAL_HANDLING_ASK", rules: [], actor: "", reason: "" };
const external_orders = [{ account_id: kAccount, order_id: "venue-7731", symbol: "BTC-USD", side: "SIDE_BUY", quantity: "0.01", cumulative_quantity: "0", limit_price: "61000", handling: "EXTERNAL_HANDLING_ADOPT", deployment_id: "", actor: "you", reason: "placed in the venue's own application", open: true, unknown: false }];
const trades = [];
const alerts = [];
const audit = [];
const decisions = [];
const equity = [];
const deployments = new Map();
const limits = { account_id: kAccount, version: "3", max_order_quantity: "1000000", max_order_notional: "50000", max_position_ratio: "0.2", concentration_ratio: "0.25", gross_leverage: "1", max_open_positions_per_deployment: 3, max_open_positions: 10, max_open_orders: 50, daily_loss_ratio: "0.02", drawdown_ratio: "0.05", price_collar_ratio: "0.1", net_leverage: "10", derisk_floor: "1", derisk_start: "0.5", derisk_volatility: "0", soft_collar_ratio: "0.03", risk_per_trade_ratio: "0.02", portfolio_risk_ratio: "0.1", order_rate_per_second: 20, quote_age_ms_max: "5000", allow_short: false, allow_self_trade: false, require_locate: false, restricted_symbols: [] };

const limitSets = [
  { key: "f", scope: { account_id: "", deployment_id: "", symbol: "" }, version: "1", values: [{ name: "concentration_ratio", value: "0.12" }, { name: "max_order_notional", value: "25000" }], update_time: iso(now() - 4e8), updated_by: "user:api", reason: "policy of the firm", expire_time: null },
  { key: "o", scope: { account_id: kAccount, deployment_id: "", symbol: "" }, version: "2", values: [{ name: "max_open_orders", value: "80" }], update_time: iso(now() - 6e5), updated_by: "user:api", reason: "rebalancing today", expire_time: iso(now() + 3.84e6) },
];
const limitChanges = [{ change_id: "raise-1", state: "LIMIT_CHANGE_STATE_PENDING", limits: { ...limits, daily_loss_ratio: "0.03" }, raises: ["daily_loss_ratio 0.02 -> 0.03"], reason: "wider stops this week", proposed_by: "user:api", propose_time: iso(now() - 9e5) }];
function effectiveLimits(query) {
  const over = (name) => limitSets.find((s) => s.scope.account_id === kAccount && s.expire_time && s.values.some((v) => v.name === name));
  const firm = limitSets.find((s) => !s.scope.account_id);
  return Object.entries(limits).filter(([n, v]) => !["account_id", "version", "restricted_symbols"].includes(n) && !Array.isArray(v)).map(([name, v]) => {
    const own = { name, value: v === true ? "1" : v === false ? "0" : String(v), scope: `account ${kAccount}`, version: limits.version };
    const o = over(name);
    const f = firm.values.find((x) => x.name === name);
    if (o) return { ...own, value: o.values.find((x) => x.name === name).value, scope: `account ${kAccount}, override`, expire_time: o.expire_time };
    return f && Number(f.value) < Number(own.value) ? { ...own, value: f.value, scope: "firm", version: "1" } : own;
  });
}

let sequence = 0;
const sockets = new Set();
function send(topic, data) {
  ++sequence;
  const message = JSON.stringify({ type: "delta", sequence, topic, data });
  for (const socket of sockets) socket.send(message);
}
function record(actor, action, subject, detail) {
  const previous = audit[0]?.hash ?? "0".repeat(64);
  const row = { sequence: String(audit.length + 1), time: iso(now()), actor, action, subject, detail: JSON.stringify(detail), previous_hash: previous, hash: createHash("sha256").update(previous + JSON.stringify(detail) + audit.length).digest("hex"), request_id: "", account_id: kAccount };
  audit.unshift(row);
}
function alert(level, type, title, body, more = {}) {
  const row = { alert_id: String(alerts.length + 1), type: `ALERT_TYPE_${type}`, level: `ALERT_LEVEL_${level}`, title, text: body, account_id: kAccount, deployment_id: "", order_id: "", symbol: "", first_time: iso(now()), last_time: iso(now()), count: "1", acknowledged: false, acknowledged_by: "", ...more };
  alerts.push(row);
  send("alerts", [row]);
}
const isWorking = (o) => ["NEW", "PARTIALLY_FILLED", "PENDING_NEW", "SUBMITTED"].includes(o.status.slice(13));
function emit(order, type, more = {}) {
  order.sequence = String(++eventSequence);
  order.update_time = iso(now());
  const event = { account_id: kAccount, sequence: order.sequence, type: `ORDER_EVENT_TYPE_${type}`, event_time: iso(now()), order: { ...order }, actor: order.deployment_id ? `strategy:${order.deployment_id}` : "user:web", ...more };
  events.set(order.order_id, [...(events.get(order.order_id) ?? []), event]);
  orders.set(order.order_id, { ...order });
  record(event.actor, `order.${type.toLowerCase()}`, `order:${order.order_id}`, { symbol: order.symbol, status: order.status });
  send("orders", [orders.get(order.order_id)]);
}
function checksOf(order) {
  const price = Number(order.limit_price || market[order.symbol].price);
  const notional = price * Number(order.quantity);
  const closes = order.reduce_only;
  const rows = [
    ["instrument", "", "", "", true], ["price_collar", "0.1", "0", (Math.abs(price / market[order.symbol].price - 1)).toFixed(4), Math.abs(price / market[order.symbol].price - 1) < 0.1],
    ["max_order_notional", "50000", "0", notional.toFixed(2), closes || notional <= 50000], ["max_position", "20000", "0", notional.toFixed(2), closes || notional <= 20000],
    ["concentration", "0.25", "0.08", (notional / 100000).toFixed(4), closes || notional / 100000 <= 0.25], ["buying_power", cash.toFixed(2), "0", notional.toFixed(2), order.side === "SIDE_SELL" || notional <= cash],
    ["daily_loss", "0.02", "0.0018", "0.0018", true], ["order_rate", "20", "1", "2", true],
  ];
  const checks = rows.map(([name, limit, used, after, passed]) => ({ name, limit, used, after, passed }));
  const failed = checks.find((c) => !c.passed);
  const rejection = account.halted ? { reason: "REJECT_REASON_ACCOUNT_HALTED", check: "", limit: "", observed: "", message: "The account is halted" }
    : failed ? { reason: `REJECT_REASON_${failed.name === "max_position" ? "MAX_POSITION" : failed.name.toUpperCase()}`, check: failed.name, limit: failed.limit, observed: failed.after, message: `The order would exceed the limit ${failed.name.replaceAll("_", " ")}` } : null;
  return { checks, rejection, price, notional };
}
function book(order, quantity, price) {
  const signed = order.side === "SIDE_BUY" ? quantity : -quantity;
  const fee = quantity * price * 0.001;
  const fill = { execution_id: `x${fills.length + 1}`, order_id: order.order_id, account_id: kAccount, deployment_id: order.deployment_id, symbol: order.symbol, side: order.side, quantity: String(quantity), price: text(order.symbol, price), fee: fee.toFixed(6), fee_currency: "USD", maker: order.type === "ORDER_TYPE_LIMIT", transact_time: iso(now()), sequence: String(eventSequence + 1), reason: order.reason };
  fills.unshift(fill);
  cash -= signed * price + fee;
  fees += fee;
  const p = positions.get(order.symbol) ?? { quantity: 0, average: 0, realised: 0, opened: now(), fees: 0 };
  if (p.quantity === 0 || Math.sign(p.quantity) === Math.sign(signed)) p.average = (p.average * Math.abs(p.quantity) + price * quantity) / (Math.abs(p.quantity) + quantity);
  else {
    const pnl = (price - p.average) * Math.min(quantity, Math.abs(p.quantity)) * Math.sign(p.quantity);
    p.realised += pnl;
    realised += pnl;
    const trade = { trade_id: `${kAccount}-${trades.length + 1}`, account_id: kAccount, deployment_id: order.deployment_id, symbol: order.symbol, side: p.quantity > 0 ? "SIDE_BUY" : "SIDE_SELL", quantity: String(quantity), entry_price: p.average.toFixed(8), exit_price: fill.price, pnl: (pnl - fee).toFixed(6), fees: (2 * fee).toFixed(6), entry_time: iso(p.opened), exit_time: iso(now()), reason: order.reason || "manual", mode: "ACCOUNT_MODE_PAPER", pnl_ratio: pnl / (p.average * quantity) };
    trades.push(trade);
    send("trades", [trade]);
  }
  p.quantity = Number((p.quantity + signed).toFixed(8));
  positions.set(order.symbol, p);
  const filled = Number(order.cumulative_quantity) + quantity;
  order.average_price = fill.price;
  order.cumulative_quantity = String(filled);
  order.leaves_quantity = String(Number((Number(order.quantity) - filled).toFixed(8)));
  order.fees = (Number(order.fees) + fee).toFixed(6);
  order.status = Number(order.leaves_quantity) > 0 ? "ORDER_STATUS_PARTIALLY_FILLED" : "ORDER_STATUS_FILLED";
  emit(order, "FILLED", { fill });
  send("positions", [positionOf(order.symbol)]);
  if (p.quantity === 0) positions.delete(order.symbol);
}
function submit(body, deployment = "") {
  const key = body.request_id;
  if (byRequest.has(key)) return { order: orders.get(byRequest.get(key)), replayed: true, checks: [] };
  const order = {
    order_id: `o${createHash("sha256").update(kAccount + key).digest("hex").slice(0, 26)}`, account_id: kAccount, request_id: key, deployment_id: deployment, symbol: body.symbol, side: body.side, type: body.type, time_in_force: body.time_in_force ?? "TIME_IN_FORCE_GTC",
    quantity: body.quantity, limit_price: body.limit_price, stop_price: body.stop_price, reduce_only: !!body.reduce_only, status: "ORDER_STATUS_PENDING_NEW", cumulative_quantity: "0", leaves_quantity: body.quantity, average_price: "0", fees: "0", broker_order_id: "", rejection: null,
    create_time: iso(now()), update_time: iso(now()), sequence: "0", mode: "ACCOUNT_MODE_PAPER", reason: body.reason ?? "", cancel_requested: false,
  };
  byRequest.set(key, order.order_id);
  const { checks, rejection } = checksOf(order);
  if (rejection) {
    order.status = "ORDER_STATUS_DENIED";
    order.rejection = rejection;
    emit(order, "DENIED", { rejection, checks });
    alert("WARNING", "ORDER", `${order.symbol} order refused`, rejection.message, { order_id: order.order_id, symbol: order.symbol });
    return { order: orders.get(order.order_id), replayed: false, checks, rejection };
  }
  emit(order, "PENDING_NEW", { checks });
  order.status = "ORDER_STATUS_SUBMITTED";
  emit(order, "SUBMITTED");
  order.status = "ORDER_STATUS_NEW";
  order.broker_order_id = `P-${orders.size}`;
  emit(order, "ACCEPTED");
  if (order.type === "ORDER_TYPE_MARKET") book(order, Number(order.quantity), market[order.symbol].price);
  return { order: orders.get(order.order_id), replayed: false, checks };
}
function cancel(order) {
  const copy = { ...order, cancel_requested: true, status: "ORDER_STATUS_PENDING_CANCEL" };
  emit(copy, "PENDING_CANCEL");
  setTimeout(() => { copy.status = "ORDER_STATUS_CANCELED"; emit(copy, "CANCELED"); }, 150);
  return copy;
}
function positionOf(symbol) {
  const p = positions.get(symbol);
  const mark = market[symbol].price;
  const open = (mark - p.average) * p.quantity;
  return { account_id: kAccount, deployment_id: "", symbol, quantity: String(p.quantity), average_price: p.average.toFixed(10), mark_price: text(symbol, mark), mark_stale: false, unrealised_pnl: open.toFixed(6), realised_pnl: p.realised.toFixed(6), market_value: (mark * p.quantity).toFixed(4), highest_price: "0", lowest_price: "0", open_time: iso(p.opened), update_time: iso(now()), mode: "ACCOUNT_MODE_PAPER", unrealised_ratio: open / (p.average * Math.abs(p.quantity) || 1) };
}
let peak = 100000;
function summaryOf() {
  const rows = [...positions.keys()].map(positionOf);
  const gross = rows.reduce((n, p) => n + Math.abs(Number(p.market_value)), 0);
  const net = rows.reduce((n, p) => n + Number(p.market_value), 0);
  const open = rows.reduce((n, p) => n + Number(p.unrealised_pnl), 0);
  const value = cash + net;
  peak = Math.max(peak, value);
  return { account_id: kAccount, mode: "ACCOUNT_MODE_PAPER", currency: "USD", opening_cash: "100000", cash: cash.toFixed(6), equity: value.toFixed(6), realised_pnl: realised.toFixed(6), unrealised_pnl: open.toFixed(6), fees: fees.toFixed(6), gross_exposure: gross.toFixed(4), net_exposure: net.toFixed(4), open_positions: rows.length, day_pnl: (value - 100000).toFixed(6), peak_equity: peak.toFixed(4), drawdown_ratio: 1 - value / peak, fills: String(fills.length), trades: String(trades.length), winning_trades: String(trades.filter((t) => Number(t.pnl) > 0).length), sequence: String(eventSequence), update_time: iso(now()), any_mark_stale: false };
}
function booksOf() {
  return [...deployments.values()].map((d) => {
    const mine = trades.filter((t) => t.deployment_id === d.deployment_id);
    const held = d.spec.symbols.filter((s) => positions.has(s)).map(positionOf);
    const total = mine.reduce((n, t) => n + Number(t.pnl), 0) + held.reduce((n, p) => n + Number(p.unrealised_pnl), 0);
    return { account_id: kAccount, deployment_id: d.deployment_id, realised_pnl: "0", unrealised_pnl: "0", fees: "0", total_pnl: total.toFixed(6), day_pnl: (total * 0.4).toFixed(6), trades: String(mine.length), winning_trades: String(mine.filter((t) => Number(t.pnl) > 0).length), open_positions: held.length, peak_pnl: "0", max_drawdown: (Math.abs(total) * 0.8 + 640).toFixed(2), last_trade_time: null };
  });
}
const statusOf = () => ({
  version: "mock", running: true, market_open: true, market_source: "simulated", market_time: iso(now()), mode: "ACCOUNT_MODE_PAPER", signals: "42", orders: String(orders.size), working_orders: [...orders.values()].filter(isWorking).length, start_time: iso(started),
  services: ["order_management", "risk", "positions", "broker_gateway", "strategy_runner", "alerts", "compliance_audit", "api_gateway"].map((name, i) => ({ name, state: "serving", address: `127.0.0.1:5005${(i + 1) % 8}` })),
});
const started = now();

function deploy(id, name, strategy, symbols, status, reason, agoMs, last) {
  deployments.set(id, { deployment_id: id, spec: { strategy_id: strategy, parameters: { fast: "9", slow: "21" }, account_id: kAccount, symbols, timeframe: "5s", position_size_ratio: "0.02", stop_loss_ratio: "0.02", take_profit_ratio: "0.05", max_open_positions: 3, allow_short: false, display_name: name }, status: `DEPLOYMENT_STATUS_${status}`, status_reason: reason, mode: "ACCOUNT_MODE_PAPER", create_time: iso(now() - agoMs), start_time: iso(now() - agoMs), stop_time: null, signals: "12", orders: "9", last_signal_time: iso(now() - 95000), last_signal: last, open_positions: 1, restarts: "0" });
}
deploy("ema-cross", "EMA cross", "ema_cross", ["BTC-USD", "ETH-USD"], "ACTIVE", "", 273600e3, "enter_long BTC-USD");
deploy("breakout", "Volume breakout", "breakout", ["AAPL", "MSFT", "GOOGL"], "ACTIVE", "", 93600e3, "exit_long AAPL");
deploy("reversion", "Mean reversion", "mean_reversion", ["PEPE-USD"], "PAUSED", "Daily loss 1.02 % ≥ 1.00 %; entries resume 00:00 UTC", 820000e3, "hold");
[["BTC-USD", "0.05", "ema-cross"], ["AAPL", "60", "breakout"], ["MSFT", "12", "breakout"], ["PEPE-USD", "12000000", "reversion"]].forEach(([symbol, quantity, id], i) => submit({ request_id: `seed${i}`, symbol, side: "SIDE_BUY", type: "ORDER_TYPE_MARKET", time_in_force: "TIME_IN_FORCE_IOC", quantity, reason: "signal" }, id));
for (const [symbol, p] of positions) { p.opened = now() - 7.4e6 * random() - 6e5; p.average *= symbol === "MSFT" ? 1.006 : 0.991; }
for (let i = 0; i < 26; ++i) {
  const symbol = kInstruments[i % 5][0];
  const entry = market[symbol].price * (1 + (random() - 0.5) * 0.02);
  const pnl = (random() - 0.42) * 180;
  trades.push({ trade_id: `${kAccount}-${trades.length + 1}`, account_id: kAccount, deployment_id: i % 2 ? "ema-cross" : "breakout", symbol, side: "SIDE_BUY", quantity: i % 5 === 1 ? "0.05" : "20", entry_price: text(symbol, entry), exit_price: text(symbol, entry * (1 + pnl / 9000)), pnl: pnl.toFixed(6), fees: "1.284", entry_time: iso(now() - (i + 2) * 1.1e6), exit_time: iso(now() - (i + 1) * 9e5), reason: ["signal", "stop_loss", "take_profit", "manual"][i % 4], mode: "ACCOUNT_MODE_PAPER", pnl_ratio: pnl / 9000 });
  fills.push({ execution_id: `s${i}`, order_id: "oseed", account_id: kAccount, deployment_id: "ema-cross", symbol: "BTC-USD", side: i % 2 ? "SIDE_SELL" : "SIDE_BUY", quantity: "0.01", price: text("BTC-USD", market["BTC-USD"].price), fee: "0.64", fee_currency: "USD", maker: false, transact_time: iso(now() - 90000 * (i + 1)), sequence: "1", reason: "signal" });
}
submit({ request_id: "w1", symbol: "BTC-USD", side: "SIDE_SELL", type: "ORDER_TYPE_LIMIT", quantity: "0.05", limit_price: text("BTC-USD", market["BTC-USD"].price * 1.03), reason: "take_profit" }, "ema-cross");
submit({ request_id: "w2", symbol: "AAPL", side: "SIDE_BUY", type: "ORDER_TYPE_LIMIT", quantity: "20", limit_price: text("AAPL", market.AAPL.price * 0.97), reason: "manual" });
submit({ request_id: "w3", symbol: "BTC-USD", side: "SIDE_BUY", type: "ORDER_TYPE_MARKET", quantity: "5", reason: "manual" });
{ const lost = { ...orders.get(submit({ request_id: "lost", symbol: "ETH-USD", side: "SIDE_BUY", type: "ORDER_TYPE_LIMIT", quantity: "1", limit_price: text("ETH-USD", market["ETH-USD"].price * 0.97), reason: "manual" }).order.order_id), status: "ORDER_STATUS_UNKNOWN", outcome_unknown: true }; emit(lost, "STATUS_UNKNOWN", { rejection: { reason: "REJECT_REASON_BROKER_UNAVAILABLE", check: "send_timeout", limit: "5000", observed: "5012", message: "the venue has not answered, in ms" } }); }
alert("INFO", "SIGNAL", "EMA cross: enter long BTC-USD", "fast 64 251.2 above slow 64 240.0", { deployment_id: "ema-cross", symbol: "BTC-USD" });
alert("WARNING", "RISK", "Daily loss above half of its limit", "1.02 % of 2.00 %");
alert("ERROR", "SYSTEM", "Market data was silent for 6 s", "Resumed at once", { count: "3", acknowledged: true, acknowledged_by: "operator" });
for (let i = 0; i < 30; ++i) decisions.unshift({ sequence: String(i + 1), deployment_id: "ema-cross", symbol: "BTC-USD", bar_time: iso(now() - (30 - i) * 5000), action: i % 9 === 4 ? "enter_long" : i % 9 === 8 ? "exit_long" : "hold", reason: i % 9 === 4 ? "fast crossed above slow" : "no cross", inputs: { fast: "64251.20", slow: "64240.01", close: "64260.00" }, order_id: "", outcome: i % 9 === 4 ? "accepted" : "" });
for (let i = 300; i > 0; --i) equity.push({ account_id: kAccount, time: iso(now() - i * 5000), equity: (100000 + Math.sin(i / 40) * 240 + (300 - i) * 1.1 + random() * 60).toFixed(4), cash: "90000" });

setInterval(() => {
  for (const m of Object.values(market)) {
    m.price *= 1 + (random() - 0.498) * 0.0007;
    const bar = m.bars[m.bars.length - 1];
    const start = Math.floor(now() / 5000) * 5000;
    const value = text(m.symbol, m.price);
    if (Date.parse(bar.start_time) < start) {
      m.bars.push({ symbol: m.symbol, timeframe: "5s", start_time: iso(start), open: value, high: value, low: value, close: value, volume: "10" });
      if (m.bars.length > 1000) m.bars.shift();
    } else {
      bar.close = value;
      if (Number(value) > Number(bar.high)) bar.high = value;
      if (Number(value) < Number(bar.low)) bar.low = value;
      bar.volume = String(Number(bar.volume) + Math.round(random() * 40));
    }
  }
  send("quotes", Object.values(market).map(quoteOf));
  for (const order of [...orders.values()]) {
    if (!isWorking(order) || order.type !== "ORDER_TYPE_LIMIT") continue;
    const price = market[order.symbol].price;
    if (order.side === "SIDE_BUY" ? price <= Number(order.limit_price) : price >= Number(order.limit_price)) book({ ...order }, Number(order.leaves_quantity), Number(order.limit_price));
  }
  if (positions.size > 0) send("positions", [...positions.keys()].map(positionOf));
  send("summary", [summaryOf()]);
  send("books", booksOf());
}, 250);
setInterval(() => {
  const point = { account_id: kAccount, time: iso(now()), equity: summaryOf().equity, cash: cash.toFixed(4) };
  equity.push(point);
  send("equity", [point]);
  send("status", [statusOf()]);
  const message = JSON.stringify({ type: "heartbeat", sequence });
  for (const socket of sockets) socket.send(message);
}, 1000);

const kTypes = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const working = () => [...orders.values()].filter(isWorking);
class Refused extends Error {
  constructor(code, status, message, more = {}) {
    super(message);
    Object.assign(this, { code, status, more });
  }
}
function engage(reason, cancelAll) {
  account.halted = true;
  account.halt_reason = reason;
  record("user:web", "emergency.engaged", `account:${kAccount}`, { reason });
  alert("CRITICAL", "RISK", "Trading halted", reason);
  return cancelAll ? working().map(cancel) : [];
}
function stopDeployment(d, close, reason) {
  d.status = "DEPLOYMENT_STATUS_STOPPED";
  d.stop_time = iso(now());
  d.status_reason = "Stopped by the operator";
  if (close) for (const symbol of d.spec.symbols.filter((s) => positions.has(s))) flatten(symbol, reason, d.deployment_id);
  send("deployments", [d]);
}
function flatten(symbol, reason, id = "") {
  const halted = account.halted;
  account.halted = false;
  submit({ request_id: randomBytes(8).toString("hex"), symbol, side: positions.get(symbol).quantity > 0 ? "SIDE_SELL" : "SIDE_BUY", type: "ORDER_TYPE_MARKET", quantity: String(Math.abs(positions.get(symbol).quantity)), reduce_only: true, reason }, id);
  account.halted = halted;
}
const policies = [];
function explained(order, log) {
  const checks = log.find((e) => e.checks?.length)?.checks ?? [];
  const denied = order.status === "ORDER_STATUS_DENIED";
  const filled = log.filter((e) => e.fill).map((e) => ({ fill: { ...e.fill, realised_pnl: "0" }, unrealised_because: "" }));
  const fee = filled.reduce((sum, f) => sum + Number(f.fill.fee), 0);
  return {
    order,
    summary: `${order.side.slice(5)} ${order.quantity} ${order.symbol}: ${order.status.slice(13).toLowerCase()}.`,
    origin: { kind: order.deployment_id ? "KIND_DECISION" : "KIND_REQUEST", actor: log[0]?.actor ?? "user:dashboard", request_id: order.request_id, deployment_id: order.deployment_id, reason: order.reason, request_time: order.create_time, decision: order.deployment_id ? { sequence: "12", bar_time: order.create_time, action: "enter_long", reason: "The fast average crossed the slow one", inputs: { fast: "101.42", slow: "100.97", close: "101.60" } } : null },
    verdict: { refused: denied, refused_by: denied ? "ORDER_GUARD_RISK" : "ORDER_GUARD_UNSPECIFIED", rejection: order.rejection ?? null, checks, unchecked: "", nearest: denied ? [{ term: "quantity", value: "10", check: "max_position" }] : [] },
    route: { account_id: order.account_id, broker: "paper", mode: order.mode, support: "SUPPORT_NATIVE", why: "The broker paper takes it as it is.", sent: !denied, broker_order_id: order.broker_order_id },
    steps: log.map((e, i) => ({ sequence: e.sequence, type: e.type, event_time: e.event_time, since_previous_ns: i ? "2400000" : "0", status: e.order?.status ?? "", actor: e.actor, title: e.type.replace("ORDER_EVENT_TYPE_", "").toLowerCase(), detail: "", rejection: e.rejection ?? null, changes: [], execution_id: e.fill?.execution_id ?? "" })),
    fills: filled,
    result: { quantity: order.cumulative_quantity, average_price: order.average_price, notional: "0", fees: { USD: fee.toFixed(4) }, realised_pnl: filled.length ? "0" : null, net_pnl: filled.length ? (-fee).toFixed(4) : null, accept_time: log[1]?.event_time ?? null, first_fill_time: filled[0]?.fill.transact_time ?? null, last_fill_time: null, currency: "USD" },
    links: [],
    gaps: [],
  };
}
function route(method, path, query, body) {
  const part = path.split("/").slice(2).map(decodeURIComponent);
  const is = (m, pattern) => m === method && pattern.test(path);
  const find = (id) => orders.get(id) ?? (() => { throw new Refused(404, "NOT_FOUND", "No such order", { reason: "REJECT_REASON_ORDER_NOT_FOUND" }); })();
  const deployment = (id) => deployments.get(id) ?? (() => { throw new Refused(404, "NOT_FOUND", "No such deployment"); })();
  if (is("GET", /^\/api\/live\/status$/)) return statusOf();
  if (is("GET", /^\/api\/live\/decisions$/)) return { account_id: account.account_id, decisions: [], resolve_needs_two: false, resume_needs_two: false, rearm_needs_two: false, release_needs_two: false, missing: [] };
  if (is("GET", /^\/api\/live\/accounts$/)) return { accounts: [account] };
  if (is("GET", /^\/api\/live\/instruments$/)) return { instruments };
  if (is("GET", /^\/api\/live\/brokers$/)) return { brokers: [{ broker_id: "paper", display_name: "Paper broker", mode: "ACCOUNT_MODE_PAPER", state: "connected", detail: "Matches against the simulated book.", capabilities: ["order_type.market", "order_type.limit", "order_type.stop", "replace"].map((name, i) => ({ name, supported: i < 3 })), last_message_time: iso(now()), open_orders: working().length }] };
  if (is("GET", /^\/api\/live\/market$/)) return { source: "simulated", market_time: iso(now()), step: String(sequence), speed: "1", seed: "7", running: true, end_of_data: false, any_session_open: true, progress: 0 };
  if (is("GET", /^\/api\/live\/bars$/)) return { bars: market[query.get("symbol")].bars.slice(-Number(query.get("limit") || 500)).map((b) => ({ ...b, timeframe: query.get("timeframe") })) };
  if (is("GET", /^\/api\/live\/book$/)) {
    const m = market[query.get("symbol")];
    const side = (s) => Array.from({ length: 10 }, (_, i) => ({ price: text(m.symbol, m.price + s * m.tick * (i + 1) * 3), size: String(Math.round(20 + random() * 300)) }));
    return { symbol: m.symbol, bids: side(-1), asks: side(1), market_time: iso(now()) };
  }
  if (is("GET", /^\/api\/live\/fills$/)) return { fills: fills.filter((f) => !query.get("symbol") || f.symbol === query.get("symbol")) };
  if (is("GET", /^\/api\/live\/trades$/)) return { trades: trades.slice().reverse() };
  if (is("GET", /^\/api\/live\/equity$/)) return { points: equity.slice(-Number(query.get("limit") || 1000)) };
  if (is("GET", /^\/api\/live\/positions$/)) return { positions: [...positions.keys()].map(positionOf) };
  if (is("POST", /^\/api\/live\/alerts\/acknowledge$/)) {
    const changed = alerts.filter((a) => body.alert_ids.includes(a.alert_id));
    for (const a of changed) Object.assign(a, { acknowledged: true, acknowledged_by: "you" });
    send("alerts", changed);
    return { acknowledged: String(changed.length), unacknowledged: String(alerts.filter((a) => !a.acknowledged).length) };
  }
  if (is("GET", /^\/api\/live\/risk$/)) {
    const s = summaryOf();
    const loss = Math.max(0, -Number(s.day_pnl) / 100000);
    const use = (name, limit, used) => ({ name, limit: String(limit), used: String(used), ratio: Number(used) / Number(limit) });
    return { account_id: kAccount, equity: s.equity, day_start_equity: "100000", peak_equity: s.peak_equity, gross_exposure: s.gross_exposure, net_exposure: s.net_exposure, reserved_exposure: "3720.4", open_orders: working().length, open_positions: positions.size, applied_sequence: String(eventSequence), market_data_stale: false, limits,
      uses: [use("daily_loss", "2000", (Math.max(loss, 0.0021) * 100000).toFixed(4)), use("drawdown", "5000", (Math.max(0.0092, s.drawdown_ratio) * 100000).toFixed(4)), use("gross_leverage", s.equity, s.gross_exposure), use("max_open_positions", 5, positions.size), use("max_open_orders", 50, working().length)] };
  }
  if (is("GET", /^\/api\/live\/risk\/limits\/effective$/)) return { limits: effectiveLimits(query) };
  if (is("GET", /^\/api\/live\/risk\/limits\/scopes$/)) return { limits: query.get("history") ? limitSets : limitSets.filter((s) => s.values.length && limitSets.filter((o) => o.key === s.key).every((o) => Number(o.version) <= Number(s.version))) };
  if (is("PUT", /^\/api\/live\/risk\/limits\/scopes$/)) {
    const set = { key: JSON.stringify([body.scope, !!body.expire_time]), scope: body.scope, version: String(Number(body.version) + 1), values: body.values, update_time: iso(now()), updated_by: "user:dashboard", reason: body.reason, expire_time: body.expire_time ?? null };
    limitSets.unshift(set);
    return { limits: set };
  }
  if (is("GET", /^\/api\/live\/risk\/limits\/changes$/)) return { changes: limitChanges.filter((c) => query.get("pending_only") !== "true" || c.state === "LIMIT_CHANGE_STATE_PENDING") };
  if (is("POST", /^\/api\/live\/risk\/limits\/changes$/)) return Object.assign(limitChanges.find((c) => c.change_id === body.change_id), { state: body.approve ? "LIMIT_CHANGE_STATE_APPROVED" : "LIMIT_CHANGE_STATE_REJECTED", decided_by: "user:dashboard", decision_reason: body.reason, decide_time: iso(now()) });
  if (is("GET", /^\/api\/live\/risk\/limits\/history$/)) return { versions: [{ limits: { ...limits, update_time: iso(now() - 3.6e6), updated_by: "user:api" }, reason: "after the review" }, { limits: { ...limits, version: "2", max_open_orders: 40, daily_loss_ratio: "0.01", update_time: iso(now() - 9e7), updated_by: "user:dashboard" }, reason: "calm start" }] };
  if (is("PUT", /^\/api\/live\/risk\/limits$/)) return { limits: Object.assign(limits, body.limits, { version: String(Number(limits.version) + 1) }) };
  if (is("GET", /^\/api\/live\/reconciliation$/)) return { accounts: [{ account_id: kAccount, orders_time: iso(now()), positions_time: iso(now()), problem: "", open_breaks: 0, halting_breaks: 0, acknowledged_breaks: 0, pending: 0, matched_trades: String(fills.length), healed_trades: "0", comparisons: "1", external_policy }], breaks: [], external_orders };
  if (is("PUT", /^\/api\/live\/reconciliation\/external_policy$/)) return { policy: Object.assign(external_policy, { handling: body.handling, rules: body.rules, reason: body.reason, actor: "you" }) };
  const decided = method === "POST" && path.match(/^\/api\/live\/reconciliation\/external\/([^/]+)\/(adopt|ignore|attribute)$/);
  if (decided) {
    const one = external_orders.find((o) => o.order_id === decided[1]);
    if (one) Object.assign(one, { handling: `EXTERNAL_HANDLING_${decided[2].toUpperCase()}`, deployment_id: body.deployment_id ?? "", actor: "you", reason: body.reason, unknown: false });
    return { order: { order_id: decided[1], account_id: kAccount }, replayed: false };
  }
  if (is("GET", /^\/api\/live\/reconciliation\/days$/)) return { tie_outs: [] };
  if (is("POST", /^\/api\/live\/positions\/verify$/)) return { consistent: true, differences: [], fills: String(fills.length), cash: cash.toFixed(4), equity: summaryOf().equity, sequence: String(eventSequence) };
  if (is("POST", /^\/api\/live\/orders\/preview$/)) {
    const { checks, rejection, price, notional } = checksOf(body);
    return { approved: !rejection, rejection, checks, passable_quantity: rejection ? String(Math.floor(20000 / price)) : "", estimated_price: text(body.symbol, price), estimated_notional: notional.toFixed(4) };
  }
  if (is("POST", /^\/api\/live\/sizing\/preview$/)) {
    const { price } = checksOf({ ...body, type: "ORDER_TYPE_MARKET", quantity: "1" });
    const equity = Number(summaryOf().equity);
    const size = (method, name, money, refusal = "") => ({ method, name, quantity: refusal ? "0" : (Math.floor((1000 * money) / price) / 1000).toFixed(3), notional: money.toFixed(2), loss_at_stop: null, inputs: {}, caps: [], refusal });
    const results = body.money
      ? [size("SIZING_METHOD_UNSPECIFIED", "money", Number(body.money))]
      : [size("SIZING_METHOD_FIXED_FRACTION", "fixed_fraction", 0.02 * equity), size("SIZING_METHOD_RISK_PER_TRADE", "risk_per_trade", 0.02 * equity, body.stop_price ? "" : "there is no stop to measure the risk to")];
    return { results: results.filter((one) => !body.method || one.method === body.method), price: String(price), equity: String(equity), currency: "USD" };
  }
  if (is("POST", /^\/api\/live\/orders\/cancel-all$/)) return { orders: working().map(cancel) };
  if (is("POST", /^\/api\/live\/orders$/)) {
    const answer = submit(body);
    if (answer.rejection) throw new Refused(422, "FAILED_PRECONDITION", answer.rejection.message, { reason: answer.rejection.reason, order: answer.order });
    return answer;
  }
  if (is("GET", /^\/api\/live\/orders$/)) return { orders: [...orders.values()].reverse().filter((o) => query.get("working") !== "true" || isWorking(o)), next_page_token: "" };
  if (is("GET", /^\/api\/live\/orders\/[^/]+\/events$/)) return { events: events.get(part[2]) ?? [] };
  if (is("GET", /^\/api\/live\/protections$/)) {
    return { policies: policies, protections: [...positions].map(([symbol, p]) => ({ account_id: account.account_id, symbol, deployment_id: "", position_quantity: String(p.quantity), policy: policies.find((e) => e.symbol === symbol)?.policy ?? null, by_default: false, state: policies.some((e) => e.symbol === symbol) ? "PROTECTION_STATE_LIVE" : "PROTECTION_STATE_NONE", state_time: new Date().toISOString(), stop: null, target: null, message: "" })) };
  }
  if (is("PUT", /^\/api\/live\/protections$/)) {
    const at = policies.findIndex((e) => e.symbol === (body.symbol ?? ""));
    if (at >= 0) policies.splice(at, 1);
    const entry = { symbol: body.symbol ?? "", policy: body.policy ?? null, reason: body.reason, actor: "user:dashboard", update_time: new Date().toISOString() };
    if (body.policy) policies.push(entry);
    return { entry };
  }
  if (is("POST", /^\/api\/live\/orders\/[^/]+\/replace$/)) {
    const order = { ...find(part[2]), ...Object.fromEntries(["quantity", "limit_price", "stop_price"].filter((n) => body[n]).map((n) => [n, body[n]])) };
    order.leaves_quantity = String(Number(order.quantity) - Number(order.cumulative_quantity));
    emit(order, Number(body.quantity) === 13 ? "REPLACE_REJECTED" : "REPLACED", Number(body.quantity) === 13 ? { rejection: { reason: "REJECT_REASON_ORDER_CLOSED", message: "the venue was filling it already" } } : {});
    return { order: orders.get(order.order_id) };
  }
  if (is("GET", /^\/api\/live\/orders\/[^/]+\/evidence$/)) return { evidence: { send_time: iso(now() - 42000), asked: 6, next_ask_time: iso(now() + 8000), session_ready: true, questions: ["VENUE_QUESTION_ORDER", "VENUE_QUESTION_TRADES", "VENUE_QUESTION_OPEN_ORDERS"], answers: [{ question: "VENUE_QUESTION_ORDER", as_of: iso(now() - 9000) }, { question: "VENUE_QUESTION_TRADES", as_of: iso(now() - 9000) }], horizon: iso(now() - 24000), acceptance_window_ms: "3000", execution_ids: [], contradicted: false }, needs_two: true, awaited: { kind: "resolve", broker_order_id: "", reason: "not in the venue's list", asked_by: "user:api", ask_time: iso(now() - 60000), expire_time: iso(now() + 3.5e6) } };
  if (is("POST", /^\/api\/live\/orders\/[^/]+\/resolve$/)) return { order: find(part[2]) };
  if (is("GET", /^\/api\/live\/orders\/[^/]+\/explain$/)) return explained(find(part[2]), events.get(part[2]) ?? []);
  if (is("GET", /^\/api\/live\/orders\/[^/]+$/)) return { order: find(part[2]) };
  if (is("DELETE", /^\/api\/live\/orders\/[^/]+$/)) return { order: cancel(find(part[2])) };
  if (is("POST", /^\/api\/live\/emergency$/) && body.deployment_id) { const d = deployment(body.deployment_id); d.status = "DEPLOYMENT_STATUS_PAUSED"; send("deployments", [d]); return { scope: { kind: "deployment", id: d.deployment_id, account_id: kAccount }, level: body.level, done: body.level !== "K3", safe: ["the deployment opens nothing any more", "the venue shows no open order of it"], to_do: body.level === "K3" ? ["held: 0.05 BTC-USD (the market is closed)"] : [], proof: { orders_working: 0, orders_at_venue: 0, positions: body.level === "K3" ? [{ symbol: "BTC-USD", quantity: "0.05" }] : null } }; }
  if (is("POST", /^\/api\/live\/emergency$/)) return { orders: engage(body.reason, body.level === "K2") };
  if (is("POST", /^\/api\/live\/emergency\/resume$/)) { account.halted = false; return { account }; }
  if (is("POST", /^\/api\/trading\/emergency-stop$/)) {
    engage(body.reason, true);
    setTimeout(() => { for (const d of deployments.values()) if (!d.status.endsWith("STOPPED")) stopDeployment(d, true, "emergency_stop"); for (const symbol of [...positions.keys()]) flatten(symbol, "emergency_stop"); }, 1200);
    return {};
  }
  if (is("GET", /^\/api\/trading\/strategies$/)) return { strategies: [{ strategy_id: "ema_cross", display_name: "EMA cross", description: "Long while the fast average is above the slow one.", parameters: [{ name: "fast", description: "Bars of the fast average", default_value: "9", minimum: "2", maximum: "100" }, { name: "slow", description: "Bars of the slow average", default_value: "21", minimum: "3", maximum: "400" }] }, { strategy_id: "breakout", display_name: "Volume breakout", description: "Buys a new high on rising volume.", parameters: [{ name: "window", description: "Bars", default_value: "20", minimum: "5", maximum: "200" }] }, { strategy_id: "external:py_ema_cross@1.0", display_name: "EMA cross (Python)", description: "The EMA cross in Python.", parameters: [], external_connection: "EXTERNAL_CONNECTION_WAITING" }] };
  if (is("POST", /^\/api\/trading\/check$/)) return { passed: true, prerequisites: [{ name: "account_open", passed: true, detail: "paper" }, { name: "symbols_known", passed: true, detail: body.spec.symbols.join(", ") }, { name: "market_data_current", passed: true, detail: "0.2 s" }, { name: "risk_available", passed: true, detail: "session is up" }] };
  if (is("POST", /^\/api\/trading\/deploy$/)) {
    const id = `d${deployments.size + 1}`;
    deploy(id, body.spec.display_name, body.spec.strategy_id, body.spec.symbols, "ACTIVE", "", 0, "");
    send("deployments", [deployments.get(id)]);
    return { deployment: deployments.get(id), prerequisites: [] };
  }
  if (is("POST", /^\/api\/trading\/(pause|resume|start)\/[^/]+$/)) {
    const d = deployment(part[2]);
    d.status = part[1] === "pause" ? "DEPLOYMENT_STATUS_PAUSED" : "DEPLOYMENT_STATUS_ACTIVE";
    d.status_reason = part[1] === "pause" ? "Paused by the operator" : "";
    send("deployments", [d]);
    return { deployment: d };
  }
  if (is("POST", /^\/api\/trading\/stop\/[^/]+$/)) { const d = deployment(part[2]); stopDeployment(d, body.close_positions, "manual"); return { deployment: d }; }
  if (is("GET", /^\/api\/trading\/decisions\/[^/]+$/)) return { decisions: decisions.filter((d) => d.deployment_id === part[2]) };
  if (is("GET", /^\/api\/audit$/)) return { records: audit.filter((r) => r.action.startsWith(query.get("action") ?? "")).slice(0, 200) };
  if (is("POST", /^\/api\/audit\/verify$/)) return { intact: true, records: String(audit.length), broken_sequence: "0", problem: "", head_hash: audit[0].hash };
  if (is("POST", /^\/api\/alerts\/\d+\/acknowledge$/)) {
    const row = alerts.find((a) => a.alert_id === part[1]);
    Object.assign(row, { acknowledged: true, acknowledged_by: "operator" });
    send("alerts", [row]);
    return { alert: row };
  }
  throw new Refused(404, "NOT_FOUND", `No such route: ${method} ${path}`);
}
const signedIn = (request) => (request.headers.cookie ?? "").includes(`ballast_session=${cookie}`) || request.headers.authorization === `Bearer ${token}`;
const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  response.setHeader("Content-Security-Policy", kCsp);
  const json = (code, value) => response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  const fail = (code, status, message, { order, ...more } = {}) => json(code, { error: { status, code, message, reason: "REJECT_REASON_UNSPECIFIED", violations: [], request_id: "m", ...more }, ...(order ? { order } : {}) });
  if (!url.pathname.startsWith("/api/")) {
    const name = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
    try {
      return response.writeHead(200, { "Content-Type": kTypes[extname(name)] ?? "application/octet-stream" }).end(await readFile(join(root, name)));
    } catch {
      return response.writeHead(404).end();
    }
  }
  let raw = "";
  for await (const chunk of request) raw += chunk;
  const body = raw ? JSON.parse(raw) : {};
  if (url.pathname === "/api/session") {
    if (request.method === "POST" && body.token !== token) return fail(401, "UNAUTHENTICATED", "The token is not right");
    if (request.method === "GET" && !signedIn(request)) return fail(401, "UNAUTHENTICATED", "Sign in first");
    if (request.method === "POST") response.setHeader("Set-Cookie", `ballast_session=${cookie}; HttpOnly; SameSite=Strict; Path=/`);
    return json(200, { csrf_token: csrf });
  }
  if (!signedIn(request)) return fail(401, "UNAUTHENTICATED", "Sign in first");
  if (request.method !== "GET" && !request.headers.authorization && request.headers["x-ballast-csrf"] !== csrf) return fail(403, "PERMISSION_DENIED", "The request does not come from the page");
  try {
    json(200, route(request.method, url.pathname, url.searchParams, body));
  } catch (problem) {
    if (!(problem instanceof Refused)) console.error(problem);
    fail(problem.code ?? 500, problem.status ?? "INTERNAL", problem.message, problem.more);
  }
});
const streams = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (!signedIn(request)) return socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
  streams.handleUpgrade(request, socket, head, (client) => {
    client.send(JSON.stringify({ type: "snapshot", sequence, run: "mock", data: { status: statusOf(), orders: [...orders.values()].slice(-200), positions: [...positions.keys()].map(positionOf), summary: summaryOf(), books: booksOf(), deployments: [...deployments.values()], quotes: Object.values(market).map(quoteOf), alerts, trades: trades.slice(-100), equity, instruments } }));
    sockets.add(client);
    client.on("close", () => sockets.delete(client));
    client.on("error", () => sockets.delete(client));
  });
});
server.listen(port, "127.0.0.1", () => console.log(`mock gateway on http://127.0.0.1:${port}, token ${token}`));
