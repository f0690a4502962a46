// What the page knows, and how one stream message changes it. Pure: no clock, no socket, so that it can be tested.
import type { Backtest } from "../lib/backtests";
import type {
  Alert, Book, Decision, Deployment, EquityPoint, Instrument, MarketPulse, OpeningAnswer, Order, Position, Quote, Status, Summary, Trade,
} from "../api/types";

export type Rows<T> = Readonly<Record<string, T>>;

export interface Model {
  /** Sequence of the last message applied; -1 before the first snapshot. */
  sequence: number;
  /** Which run of the server the sequence belongs to; a resume names both. */
  run: string;
  gaps: number;
  status: Status | null;
  orders: Rows<Order>;
  positions: Rows<Position>;
  /** By account. */
  summaries: Rows<Summary>;
  books: Rows<Book>;
  deployments: Rows<Deployment>;
  decisions: Rows<Decision>;
  /** The newest, and those under way; one that was deleted stays as such. */
  backtests: Rows<Backtest>;
  quotes: Rows<Quote>;
  alerts: Rows<Alert>;
  /** By account and deployment ("account|"): the account as a whole. */
  openings: Rows<OpeningAnswer>;
  trades: Rows<Trade>;
  /** By account; points that do not say whose they are belong to none and are left out. */
  equity: Rows<readonly EquityPoint[]>;
  instruments: Rows<Instrument>;
  /** How the market behind the stream is; null where the server does not say. */
  market: MarketPulse | null;
  /** Rises when any order's filled quantity grows: what shows fills reads them again. */
  fillVersion: number;
}

export type Message =
  | { type: "snapshot"; sequence: number | string; run?: string; data: Record<string, unknown> }
  | { type: "delta"; sequence: number | string; topic: string; data: unknown }
  | { type: "heartbeat"; sequence: number | string; market?: MarketPulse };

export const kEmpty: Model = {
  sequence: -1, run: "", gaps: 0, status: null, orders: {}, positions: {}, summaries: {}, books: {}, deployments: {}, decisions: {}, backtests: {},
  quotes: {}, alerts: {}, openings: {}, trades: {}, equity: {}, instruments: {}, market: null, fillVersion: 0,
};

// Windows: the page never grows without end.
const kMaxOrders = 1000;
const kMaxTrades = 500;
const kMaxDecisions = 300;
const kMaxBacktests = 300;
const kMaxEquity = 5000;
const kMaxAlerts = 500;

const keys = {
  orders: (r: Order) => r.order_id,
  positions: (r: Position) => `${r.account_id}|${r.symbol}`,
  summaries: (r: Summary) => r.account_id,
  books: (r: Book) => `${r.account_id}|${r.deployment_id}`,
  deployments: (r: Deployment) => r.deployment_id,
  backtests: (r: Backtest) => r.backtest_id,
  decisions: (r: Decision) => `${r.deployment_id}|${r.sequence}`,
  quotes: (r: Quote) => r.symbol,
  alerts: (r: Alert) => String(r.alert_id),
  openings: (r: OpeningAnswer) => `${r.account_id}|${r.deployment_id}`,
  trades: (r: Trade) => r.trade_id,
  instruments: (r: Instrument) => r.symbol,
};

function list<T>(data: unknown): T[] {
  if (Array.isArray(data)) return data as T[];
  return data && typeof data === "object" ? [data as T] : [];
}

function index<T>(data: unknown, key: (row: T) => string): Record<string, T> {
  const rows: Record<string, T> = {};
  for (const row of list<T>(data)) rows[key(row)] = row;
  return rows;
}

function merge<T>(old: Rows<T>, data: unknown, key: (row: T) => string): Record<string, T> {
  const rows: Record<string, T> = { ...old };
  for (const row of list<T>(data)) rows[key(row)] = row;
  return rows;
}

function newest<T>(rows: Record<string, T>, maximum: number, age: (row: T) => string): Record<string, T> {
  const entries = Object.entries(rows);
  // A tenth of slack, so that the sort does not run on every message.
  if (entries.length <= maximum * 1.1) return rows;
  entries.sort((a, b) => (age(a[1]) < age(b[1]) ? 1 : -1));
  return Object.fromEntries(entries.slice(0, maximum));
}

const isFlat = (position: Position) => /^-?0*(\.0*)?$/.test(position.quantity);

function mergeOrders(model: Model, data: unknown): Pick<Model, "orders" | "fillVersion"> {
  const orders: Record<string, Order> = { ...model.orders };
  let fillVersion = model.fillVersion;
  for (const row of list<Order>(data)) {
    const old = orders[row.order_id];
    // An answer to a REST call may have been newer than this message.
    if (old && Number(old.sequence) > Number(row.sequence)) continue;
    if ((old?.cumulative_quantity ?? "0") !== row.cumulative_quantity) ++fillVersion;
    orders[row.order_id] = row;
  }
  return { orders: newest(orders, kMaxOrders, (o) => o.create_time ?? ""), fillVersion };
}

function mergePositions(old: Rows<Position>, data: unknown): Record<string, Position> {
  const rows: Record<string, Position> = { ...old };
  for (const row of list<Position>(data)) {
    if (isFlat(row)) delete rows[keys.positions(row)];
    else rows[keys.positions(row)] = row;
  }
  return rows;
}

function mergeEquity(old: Rows<readonly EquityPoint[]>, data: unknown): Rows<readonly EquityPoint[]> {
  const curves: Record<string, EquityPoint[]> = {};
  for (const point of list<EquityPoint>(data)) {
    const account = point.account_id;
    if (!account) continue;
    const points = (curves[account] ??= (old[account] ?? []).slice());
    const last = points[points.length - 1];
    const step = last ? Date.parse(point.time) - Date.parse(last.time) : 1;
    if (step < 0) continue;
    if (step === 0) points.pop();
    points.push(point);
  }
  const merged: Record<string, readonly EquityPoint[]> = { ...old };
  for (const [account, points] of Object.entries(curves)) merged[account] = points.length > kMaxEquity ? points.slice(points.length - kMaxEquity) : points;
  return merged;
}

function fromSnapshot(model: Model, sequence: number, run: string, data: Record<string, unknown>): Model {
  return {
    sequence,
    run,
    gaps: model.gaps,
    status: (data.status as Status | null | undefined) ?? null,
    orders: index<Order>(data.orders, keys.orders),
    positions: mergePositions({}, data.positions),
    // `summary` is one account's, `summaries` every account's.
    summaries: merge(index<Summary>(data.summary, keys.summaries), data.summaries, keys.summaries),
    books: index<Book>(data.books, keys.books),
    deployments: index<Deployment>(data.deployments, keys.deployments),
    decisions: index<Decision>(data.decisions, keys.decisions),
    backtests: index<Backtest>(data.backtests, keys.backtests),
    quotes: index<Quote>(data.quotes, keys.quotes),
    alerts: index<Alert>(data.alerts, keys.alerts),
    openings: index<OpeningAnswer>(data.openings, keys.openings),
    trades: index<Trade>(data.trades, keys.trades),
    equity: mergeEquity({}, data.equity),
    instruments: index<Instrument>(data.instruments, keys.instruments),
    market: model.market,
    fillVersion: model.fillVersion + 1,
  };
}

function withTopic(model: Model, topic: string, data: unknown): Model {
  switch (topic) {
    case "orders":
      return { ...model, ...mergeOrders(model, data) };
    case "positions":
      return { ...model, positions: mergePositions(model.positions, data) };
    case "summary":
      return { ...model, summaries: merge(model.summaries, data, keys.summaries) };
    case "books":
      return { ...model, books: merge(model.books, data, keys.books) };
    case "deployments":
      return { ...model, deployments: merge(model.deployments, data, keys.deployments) };
    case "decisions":
      return { ...model, decisions: newest(merge(model.decisions, data, keys.decisions), kMaxDecisions, (d) => d.bar_time) };
    case "backtests":
      return { ...model, backtests: newest(merge(model.backtests, data, keys.backtests), kMaxBacktests, (b) => b.create_time ?? "") };
    case "quotes":
      return { ...model, quotes: merge(model.quotes, data, keys.quotes) };
    case "alerts":
      return { ...model, alerts: newest(merge(model.alerts, data, keys.alerts), kMaxAlerts, (a) => a.last_time) };
    case "openings":
      return { ...model, openings: merge(model.openings, data, keys.openings) };
    case "trades":
      return { ...model, trades: newest(merge(model.trades, data, keys.trades), kMaxTrades, (t) => t.exit_time) };
    case "equity":
      return { ...model, equity: mergeEquity(model.equity, data) };
    case "instruments":
      return { ...model, instruments: merge(model.instruments, data, keys.instruments) };
    case "status": {
      const rows = list<Status>(data);
      return rows.length > 0 ? { ...model, status: rows[rows.length - 1] ?? model.status } : model;
    }
    default:
      // A newer server may send topics this page does not know; the sequence still counts.
      return model;
  }
}

export interface Applied {
  model: Model;
  /** Something was missed: the model must be read again. Nothing after the gap was applied. */
  gap: boolean;
}

export function apply(model: Model, message: Message): Applied {
  const sequence = Number(message.sequence);
  switch (message.type) {
    case "snapshot":
      return { model: fromSnapshot(model, sequence, message.run ?? "", message.data), gap: false };
    case "delta":
      if (model.sequence < 0 || sequence > model.sequence + 1) return { model: { ...model, gaps: model.gaps + 1 }, gap: true };
      // Sent again after a resume: already known.
      if (sequence <= model.sequence) return { model, gap: false };
      return { model: { ...withTopic(model, message.topic, message.data), sequence }, gap: false };
    case "heartbeat":
      if (model.sequence >= 0 && sequence > model.sequence) return { model: { ...model, gaps: model.gaps + 1 }, gap: true };
      return { model: message.market ? { ...model, market: message.market } : model, gap: false };
    default:
      return { model, gap: false };
  }
}

export function applyAll(model: Model, messages: readonly Message[]): Applied {
  let current = model;
  for (const message of messages) {
    const applied = apply(current, message);
    current = applied.model;
    if (applied.gap) return { model: current, gap: true };
  }
  return { model: current, gap: false };
}

/** An order from a REST answer: shown at once, not only when the stream brings it. */
export function withOrder(model: Model, order: Order): Model {
  return { ...model, ...mergeOrders(model, [order]) };
}
export function withAlert(model: Model, alert: Alert): Model {
  return { ...model, alerts: merge(model.alerts, [alert], keys.alerts) };
}
export function withDeployment(model: Model, deployment: Deployment): Model {
  return { ...model, deployments: merge(model.deployments, [deployment], keys.deployments) };
}
