// Backtests as the API tells them, and what a page makes of their reports. Pure.
import type { DeploymentSpec } from "../api/types";
import * as decimal from "./decimal";
import { millis } from "./time";

export interface GridAxis {
  name: string;
  values: string;
}
export interface BacktestSpec {
  kind: string;
  deployment: DeploymentSpec;
  data_set: string;
  start_time?: string | null;
  end_time?: string | null;
  cash?: string | null;
  spread_ratio?: string | null;
  slippage_ticks?: number;
  limits?: Record<string, string>;
  grid?: GridAxis[];
  by?: string;
  folds?: number;
  checks?: number;
  label?: string;
}
export interface Backtest {
  backtest_id: string;
  spec: BacktestSpec;
  status: string;
  done: string;
  total: string;
  message: string;
  actor: string;
  create_time: string;
  start_time?: string | null;
  end_time?: string | null;
  figures: Record<string, string>;
  version: string;
}
export interface ReportTrade {
  symbol: string;
  side: "BUY" | "SELL";
  open_time: string;
  close_time: string;
  quantity: string;
  entry_price: string;
  exit_price: string;
  fees: string;
  profit: string;
  exit_reason: string;
}
type Figure = number | null;
export interface Statistics {
  days: number;
  return_ratio: number;
  annual_return: Figure;
  volatility: Figure;
  sharpe: Figure;
  sortino: Figure;
  calmar: Figure;
  drawdown_ratio: number;
  longest_fall_days: number;
  exposure_ratio: number;
  trades: number;
  win_ratio: Figure;
  profit_factor: Figure;
  expectancy: Figure;
  average_win: Figure;
  average_loss: Figure;
  longest_losing_row: number;
  average_trade_seconds: Figure;
  months: { year: number; month: number; return_ratio: number }[];
}
export interface RunReport {
  setup: { cash: string; currency: string };
  first_time: string;
  last_time: string;
  bars: number;
  orders: number;
  fills: number;
  refusals: number;
  equity: string;
  fees: string;
  turnover: string;
  statistics: Statistics;
  loss_rules: Record<"daily_loss" | "drawdown", { time: string; limit: string } | null>;
  notes: string[];
  drawdown?: { peak_time: string; trough_time: string; recovered_time: string | null; peak: string; trough: string };
  monte_carlo?: { runs: number; return_ratio: number[]; drawdown_ratio: number[]; loss_share: number; ruin_share: number; band: [number, number[]][] };
  curve: [string, string][];
  trades: ReportTrade[];
  first_refusals: { time: string; symbol: string; check: string; message: string }[];
  candles: Record<string, { bars_a_candle: number; rows: [string, string, string, string, string, string][] }>;
}
export interface SweepRow {
  index: number;
  parameters: Record<string, string>;
  refusal?: string;
  equity?: string;
  return_ratio?: Figure;
  drawdown_ratio?: Figure;
  sharpe?: Figure;
  sortino?: Figure;
  calmar?: Figure;
  profit_factor?: Figure;
  win_ratio?: Figure;
  trades?: number;
}
export interface SweepReport {
  by: string;
  notes: string[];
  axes: { name: string; values: string[] }[];
  rows: SweepRow[];
}
export interface WalkForwardReport {
  by: string;
  notes: string[];
  return_ratio: number;
  folds: { train_from: string; train_before: string; test_before: string; best: Record<string, string>; train_return_ratio: number; test_return_ratio: number; test_drawdown_ratio: number; test_trades: number }[];
}
export interface LookAheadReport {
  notes: string[];
  signals: number;
  checked: number;
  differences: { time: string; symbol: string; with_all: string; with_past: string }[];
}

export const kKinds: readonly [string, string, string][] = [
  ["RUN", "Backtest", "One run with its report"],
  ["SWEEP", "Sweep", "Every combination of some parameters"],
  ["WALK_FORWARD", "Walk-forward", "Chosen on one part of the time, played on the next"],
  ["LOOK_AHEAD", "Look-ahead check", "Each signal again on data that ends with it"],
];
export const kindOf = (spec: BacktestSpec) => spec.kind.replace("BACKTEST_KIND_", "");
export const statusOf = (b: Backtest) => b.status.replace("BACKTEST_STATUS_", "");
export const isUnderWay = (b: Backtest) => statusOf(b) === "QUEUED" || statusOf(b) === "RUNNING";

/** What was read, with what the stream has said since: newer rows in place of older ones, new ones first, deleted ones gone. */
export function withStreamed(read: readonly Backtest[], streamed: Readonly<Record<string, Backtest>>, kind = ""): Backtest[] {
  const number = (b: Backtest) => Number(b.backtest_id.slice(2));
  const rows = new Map(read.map((b) => [b.backtest_id, b]));
  const oldest = read.length > 0 ? number(read[read.length - 1]!) : 0;
  for (const b of Object.values(streamed)) {
    if (statusOf(b) === "DELETED") rows.delete(b.backtest_id);
    // A read that came later than the stream's word has the end of it already.
    else if (rows.has(b.backtest_id)) { if (isUnderWay(rows.get(b.backtest_id)!)) rows.set(b.backtest_id, b); }
    else if (number(b) > oldest && (kind === "" || kindOf(b.spec) === kind)) rows.set(b.backtest_id, b);
  }
  return [...rows.values()].sort((a, b) => number(b) - number(a));
}

export interface Metric {
  name: keyof SweepRow;
  label: string;
  /** Shown as per cent. */
  ratio: boolean;
  /** The smaller the better. */
  falls?: boolean;
}
export const kMetrics: readonly Metric[] = [
  { name: "sharpe", label: "Sharpe", ratio: false },
  { name: "return_ratio", label: "Return", ratio: true },
  { name: "drawdown_ratio", label: "Deepest fall", ratio: true, falls: true },
  { name: "sortino", label: "Sortino", ratio: false },
  { name: "calmar", label: "Calmar", ratio: false },
  { name: "profit_factor", label: "Profit factor", ratio: false },
  { name: "win_ratio", label: "Won", ratio: true },
  { name: "trades", label: "Trades", ratio: false },
];
/** What a sweep is sorted by, as the metric that stands for it. */
export const metricBy = (by: string): Metric => kMetrics.find((m) => m.name === by || m.name === `${by}_ratio`) ?? kMetrics[0]!;

const figure = (row: SweepRow, metric: Metric): number | null => {
  const value = row[metric.name];
  return typeof value === "number" && !row.refusal ? value : null;
};
/** "1.23", "4.56%" or "–". */
export function showFigure(value: Figure | undefined, ratio = false, places = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = (Math.abs(value) * (ratio ? 100 : 1)).toFixed(places);
  return `${value < 0 && Number(text) !== 0 ? "\u2212" : ""}${text}${ratio ? "%" : ""}`;
}

/** Decimals at which combinations can be told apart: shares that are all below a tenth of a per cent have four. */
export function placesOf(rows: readonly SweepRow[], metric: Metric): number {
  const values = rows.map((row) => figure(row, metric)).filter((v): v is number => v !== null);
  return metric.ratio && values.length > 0 && values.every((v) => Math.abs(v) < 0.001) ? 4 : 2;
}

/** Best first; without the figure last. */
export function bestFirst(rows: readonly SweepRow[], metric: Metric): SweepRow[] {
  const worth = (row: SweepRow) => {
    const value = figure(row, metric);
    return value === null ? Number.NEGATIVE_INFINITY : metric.falls ? -value : value;
  };
  return [...rows].sort((a, b) => worth(b) - worth(a) || a.index - b.index);
}

export interface HeatCell {
  row: SweepRow | null;
  value: number | null;
  /** Of all cells, 0 for the worst to 1 for the best; null where there is no figure. */
  rank: number | null;
}
/** Two parameters against each other; of all combinations of the others the best one. `y` empty: one line. */
export function heatMap(report: SweepReport, x: string, y: string, metric: Metric): { xs: string[]; ys: string[]; cells: HeatCell[][] } {
  const xs = report.axes.find((a) => a.name === x)?.values ?? [];
  const ys = report.axes.find((a) => a.name === y)?.values ?? [""];
  const best = new Map<string, SweepRow>();
  for (const row of bestFirst(report.rows, metric)) {
    const key = `${row.parameters[x]}|${y ? row.parameters[y] : ""}`;
    if (!best.has(key)) best.set(key, row);
  }
  const values = [...best.values()].map((row) => figure(row, metric)).filter((v): v is number => v !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const cells = ys.map((yValue) =>
    xs.map((xValue): HeatCell => {
      const row = best.get(`${xValue}|${yValue}`) ?? null;
      const value = row ? figure(row, metric) : null;
      const place = value === null ? null : high === low ? 1 : (value - low) / (high - low);
      return { row, value, rank: place === null ? null : metric.falls ? 1 - place : place };
    }),
  );
  return { xs, ys, cells };
}

export interface Sample {
  time: number;
  value: number;
}
const at = (text: string) => Math.floor((millis(text) ?? 0) / 1000);
/** Rising times, the last value of each second. */
function distinct(samples: Sample[]): Sample[] {
  const out: Sample[] = [];
  for (const sample of samples) {
    const last = out[out.length - 1];
    if (last && last.time >= sample.time) last.value = sample.value;
    else out.push({ ...sample });
  }
  return out;
}
export function equityOf(report: RunReport): Sample[] {
  return distinct(report.curve.map(([time, equity]) => ({ time: at(time), value: decimal.toNumber(equity) })));
}
/** As a part of what it began with: 0 at the start. */
export function returnsOf(report: RunReport): Sample[] {
  const cash = decimal.toNumber(report.setup.cash);
  return equityOf(report).map((s) => ({ time: s.time, value: (100 * s.value) / cash - 100 }));
}
/** Per cent below the highest point before. */
export function fallsOf(curve: readonly Sample[]): Sample[] {
  let peak = Number.NEGATIVE_INFINITY;
  return curve.map((s) => {
    peak = Math.max(peak, s.value);
    return { time: s.time, value: peak > 0 ? (100 * s.value) / peak - 100 : 0 };
  });
}
/** What was held at its cost, per cent of the equity of the time, at each point of the curve. */
export function exposureOf(report: RunReport): Sample[] {
  const changes: Sample[] = [];
  for (const trade of report.trades) {
    const cost = decimal.toNumber(decimal.multiply(trade.quantity, trade.entry_price));
    changes.push({ time: at(trade.open_time), value: cost }, { time: at(trade.close_time), value: -cost });
  }
  changes.sort((a, b) => a.time - b.time);
  let next = 0;
  let held = 0;
  return equityOf(report).map((point) => {
    while (next < changes.length && changes[next]!.time <= point.time) held += changes[next++]!.value;
    return { time: point.time, value: point.value > 0 ? Math.max(0, (100 * held) / point.value) : 0 };
  });
}
/** Years with their twelve months; null where there was none. */
export function monthTable(statistics: Statistics): { year: number; months: (number | null)[]; whole: number }[] {
  const years = new Map<number, (number | null)[]>();
  for (const m of statistics.months) {
    const row = years.get(m.year) ?? Array.from({ length: 12 }, () => null);
    row[m.month - 1] = m.return_ratio;
    years.set(m.year, row);
  }
  return [...years].sort(([a], [b]) => a - b).map(([year, months]) => ({ year, months, whole: months.reduce<number>((all, m) => all * (1 + (m ?? 0)), 1) - 1 }));
}

/** How many values "5..30/5", "1..9" or "2,4,8" has; null where it cannot be read. */
export function axisCount(values: string): number | null {
  const range = /^\s*(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?\s*$/.exec(values);
  if (range) {
    const [low, high, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? "1")];
    return step > 0 && high >= low ? Math.floor((high - low) / step + 1e-9) + 1 : null;
  }
  const list = values.split(",").map((v) => v.trim());
  return list.every((v) => v !== "") && list.length > 0 ? list.length : null;
}
export function combinations(grid: readonly GridAxis[]): number | null {
  let all = 1;
  for (const axis of grid) {
    const count = axisCount(axis.values);
    if (count === null) return null;
    all *= count;
  }
  return all;
}
