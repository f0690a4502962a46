// Another quantity or price of an order that works: what changes, and what it makes of its size. Pure.
import type { Instrument, Order } from "../api/types";
import * as decimal from "./decimal";

export interface Terms {
  quantity: string;
  limit_price: string;
  stop_price: string;
}
export type Term = keyof Terms;
const kTerms: readonly { name: Term; label: string }[] = [{ name: "quantity", label: "Quantity" }, { name: "limit_price", label: "Limit price" }, { name: "stop_price", label: "Stop price" }];

export const termsOf = (order: Order): Terms => ({ quantity: order.quantity, limit_price: order.limit_price ?? "", stop_price: order.stop_price ?? "" });

/** Only what works and is known there can have other terms; of a list's order the size is the list's. */
export function canReplace(order: Order): boolean {
  const working = ["ORDER_STATUS_NEW", "ORDER_STATUS_PARTIALLY_FILLED", "ORDER_STATUS_HELD"].includes(order.status);
  return working && !order.cancel_requested && !order.outcome_unknown && !order.type.includes("TRAILING") && order.type !== "ORDER_TYPE_MARKET";
}
export function termsThatChange(order: Order): Term[] {
  return kTerms.map((t) => t.name).filter((name) => name === "quantity" || (order[name] ?? "") !== "");
}

export interface Change {
  term: Term;
  label: string;
  from: string;
  to: string;
}
export function changesOf(order: Order, next: Terms): Change[] {
  const now = termsOf(order);
  return kTerms.filter(({ name }) => termsThatChange(order).includes(name) && decimal.parse(next[name]) !== null && decimal.compare(now[name], next[name]) !== 0)
    .map(({ name, label }) => ({ term: name, label, from: decimal.normalise(now[name]), to: decimal.normalise(next[name]) }));
}

export function problemsOf(order: Order, next: Terms, instrument: Pick<Instrument, "lot_size" | "tick_size"> | undefined): Partial<Record<Term, string>> {
  const problems: Partial<Record<Term, string>> = {};
  for (const name of termsThatChange(order)) {
    const step = name === "quantity" ? instrument?.lot_size : instrument?.tick_size;
    if (decimal.parse(next[name]) === null || decimal.sign(next[name]) <= 0) problems[name] = "A positive number, for example 0.5";
    else if (step && !decimal.isMultipleOf(next[name], step)) problems[name] = `${name === "quantity" ? "Lot" : "Tick"} steps of ${decimal.format(step)}`;
  }
  return problems;
}

/** What is still to trade at these terms; the market's price where an order names none. */
export function restNotional(order: Order, terms: Terms, mark: string): string {
  const rest = decimal.subtract(terms.quantity, order.cumulative_quantity || "0");
  const price = terms.limit_price || terms.stop_price || mark;
  return decimal.sign(rest) <= 0 || decimal.parse(price) === null ? "0" : decimal.multiply(rest, price);
}

export interface Effect {
  before: string;
  after: string;
  difference: string;
  /** No more than has traded is wanted: it ends filled. */
  ends: boolean;
}
export function effectOf(order: Order, next: Terms, mark: string): Effect {
  const before = restNotional(order, termsOf(order), mark);
  const after = restNotional(order, next, mark);
  return { before, after, difference: decimal.subtract(after, before), ends: decimal.compare(next.quantity, order.cumulative_quantity || "0") <= 0 };
}

/** When a change is asked about once more. */
export type Asking = "always" | "larger" | "never";
export const kAskings: readonly { value: Asking; label: string }[] = [{ value: "always", label: "always" }, { value: "larger", label: "when it becomes larger" }, { value: "never", label: "never" }];
/** With real money always: a setting of a browser does not take a look away there. */
export function asks(setting: Asking, live: boolean, effect: Effect): boolean {
  return live || setting === "always" || (setting === "larger" && decimal.sign(effect.difference) > 0);
}
export const readAsking = (text: string | null): Asking => kAskings.find((a) => a.value === text)?.value ?? "always";

/** What became of a request to replace, from the order's events; null: nobody knows yet. */
export function outcomeOf(events: readonly { type: string; rejection?: { message: string; reason: string } | null; event_time: string; sequence: string | number }[], afterSequence: string): { replaced: boolean; message: string; reason: string } | null {
  for (const event of events) {
    if (decimal.compare(String(event.sequence), afterSequence) <= 0) continue;
    if (event.type === "ORDER_EVENT_TYPE_REPLACED") return { replaced: true, message: "", reason: "" };
    if (event.type === "ORDER_EVENT_TYPE_REPLACE_REJECTED") return { replaced: false, message: event.rejection?.message || "no reason was given", reason: event.rejection?.reason ?? "" };
  }
  return null;
}
