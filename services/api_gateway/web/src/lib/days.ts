import type { Book, Summary, TieOut, Trade } from "../api/types";
import * as decimal from "./decimal";

export interface DayEndPolicy {
  account_id: string;
  calendar: string;
  enabled: boolean;
  minutes_before_close: number;
  liquidate?: boolean | null;
  alert_minutes_before_close: number;
  no_overnight: boolean;
  day_start_minute: number;
  deployment_liquidate: Record<string, boolean>;
  actor: string;
}
export interface DayClose {
  request_id: string;
  deployment_id: string;
  symbol: string;
  quantity: string;
  order_id: string;
  status: string;
  filled?: string | null;
  message: string;
}
export interface DayLeft {
  deployment_id: string;
  symbol: string;
  quantity: string;
  market_value?: string | null;
  reason: string;
}
export interface DayReport {
  as_of: string;
  summary: Summary;
  books: Book[];
  trades: Trade[];
  trade_count: number;
  winning_trades: number;
  losing_trades: number;
  trades_pnl: string;
  best_trade_pnl?: string | null;
  worst_trade_pnl?: string | null;
  trades_fees: string;
  left: DayLeft[];
  flat: boolean;
  tie_out?: TieOut | null;
}
export interface DayEnd {
  account_id: string;
  calendar: string;
  date: string;
  open_time: string;
  close_time: string;
  half_day: boolean;
  step: string;
  begin_time: string;
  flat_time?: string | null;
  report_time?: string | null;
  late: boolean;
  canceled_order_ids: string[];
  closes: DayClose[];
  waits_for: string;
  alerted: boolean;
  report?: DayReport | null;
  resumes: number;
}

export const calendarName = (calendar: string): string => (calendar === "CALENDAR_XNYS" ? "New York" : "24 hours");

const kSteps: Record<string, string> = {
  DAY_END_STEP_ENTRIES_STOPPED: "No new entries",
  DAY_END_STEP_CANCELING: "Cancelling orders",
  DAY_END_STEP_CLOSING: "Closing positions",
  DAY_END_STEP_VERIFYING: "Verifying",
  DAY_END_STEP_OVERNIGHT: "Waits for the next open",
};

/** How a day stands, in words and with its tone. */
export function standing(day: DayEnd): { text: string; tone: "good" | "warn" | "bad" | "quiet" } {
  const step = kSteps[day.step];
  if (step !== undefined) return { text: day.waits_for ? `${step}: ${day.waits_for}` : step, tone: day.alerted ? "bad" : "warn" };
  if (!day.report) return { text: day.waits_for || "Ended", tone: "quiet" };
  if (day.report.flat) return { text: day.late ? "Flat, reported late" : "Flat", tone: "good" };
  const left = day.report.left.map((l) => `${decimal.format(l.quantity)} ${l.symbol}`).join(", ");
  const wanted = day.report.left.every((l) => l.reason === "it is not to be closed");
  return { text: `${wanted ? "Kept" : "Left"}: ${left}`, tone: wanted ? "quiet" : "bad" };
}

export interface DayBar {
  date: string;
  pnl: string;
  /** Of the largest day, -1 to 1. */
  height: number;
}
/** Oldest first, one for each date with a report; days of several accounts or calendars are not added up: the first counts. */
export function dayBars(days: readonly DayEnd[]): DayBar[] {
  const seen = new Map<string, string>();
  for (const day of days) {
    if (day.report && !seen.has(day.date)) seen.set(day.date, day.report.summary.day_pnl);
  }
  const rows = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
  const largest = Math.max(0, ...rows.map(([, pnl]) => Math.abs(decimal.toNumber(pnl))));
  return rows.map(([date, pnl]) => ({ date, pnl, height: largest === 0 ? 0 : decimal.toNumber(pnl) / largest }));
}
