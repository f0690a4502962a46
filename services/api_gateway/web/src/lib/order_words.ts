// What the ticket says about an order before it is sent. Pure.
import type { Preview } from "../api/types";
import * as decimal from "./decimal";
import { sentence } from "./words";

export interface Draft {
  side: "BUY" | "SELL";
  type: string;
  quantity: string;
  limitPrice: string;
  stopPrice: string;
}
export interface Touch {
  bid_price: string;
  ask_price: string;
}

const isTakeProfit = (type: string) => type === "TAKE_PROFIT" || type === "TAKE_PROFIT_LIMIT";
export const needsLimit = (type: string) => type === "LIMIT" || type === "STOP_LIMIT" || type === "TAKE_PROFIT_LIMIT";
export const needsStop = (type: string) => type === "STOP" || type === "STOP_LIMIT" || isTakeProfit(type);

/** Which times in force go with a type; a market order that waits for no auction is IOC. */
export function timesInForce(type: string): string[] {
  if (type === "MARKET") return ["IOC", "AT_OPEN", "AT_CLOSE"];
  if (type === "LIMIT") return ["GTC", "DAY", "GTD", "IOC", "FOK", "AT_OPEN", "AT_CLOSE"];
  return ["GTC", "DAY", "GTD"];
}
/** Only what rests can refuse to take, or show a part of itself. */
export const canRest = (type: string, timeInForce: string) => type === "LIMIT" && ["GTC", "DAY", "GTD"].includes(timeInForce);

/** A trigger that the market has passed already is a market order in disguise. */
export function stopProblem(draft: Draft, quote: Touch | undefined): string | undefined {
  if (!needsStop(draft.type) || !quote || decimal.parse(draft.stopPrice) === null) return undefined;
  if (isTakeProfit(draft.type)) {
    if (draft.side === "BUY" && decimal.sign(quote.ask_price) > 0 && decimal.compare(draft.stopPrice, quote.ask_price) >= 0)
      return `A buy take-profit waits below the market: the ask is ${decimal.format(quote.ask_price)}, so ${decimal.format(draft.stopPrice)} would trade at once`;
    if (draft.side === "SELL" && decimal.sign(quote.bid_price) > 0 && decimal.compare(draft.stopPrice, quote.bid_price) <= 0)
      return `A sell take-profit waits above the market: the bid is ${decimal.format(quote.bid_price)}, so ${decimal.format(draft.stopPrice)} would trade at once`;
    return undefined;
  }
  if (draft.side === "BUY" && decimal.sign(quote.ask_price) > 0 && decimal.compare(draft.stopPrice, quote.ask_price) <= 0)
    return `A buy stop waits above the market: the ask is ${decimal.format(quote.ask_price)}, so ${decimal.format(draft.stopPrice)} would trade at once`;
  if (draft.side === "SELL" && decimal.sign(quote.bid_price) > 0 && decimal.compare(draft.stopPrice, quote.bid_price) >= 0)
    return `A sell stop waits below the market: the bid is ${decimal.format(quote.bid_price)}, so ${decimal.format(draft.stopPrice)} would trade at once`;
  return undefined;
}

/** Allowed, but worth a second look. */
export function warnings(draft: Draft, quote: Touch | undefined, collarRatio: string | undefined): string[] {
  const said: string[] = [];
  if (!quote) return said;
  const touch = draft.side === "BUY" ? quote.ask_price : quote.bid_price;
  if (decimal.sign(touch) <= 0) return said;
  if (draft.type === "LIMIT" && decimal.parse(draft.limitPrice) !== null && decimal.sign(draft.limitPrice) > 0) {
    const through = decimal.compare(draft.limitPrice, touch) * (draft.side === "BUY" ? 1 : -1);
    if (through >= 0) said.push(`This limit trades at once: the ${draft.side === "BUY" ? "ask" : "bid"} is ${decimal.format(touch)}`);
  }
  if (draft.type === "STOP_LIMIT" && decimal.parse(draft.limitPrice) !== null && decimal.parse(draft.stopPrice) !== null) {
    const short = decimal.compare(draft.limitPrice, draft.stopPrice) * (draft.side === "BUY" ? 1 : -1);
    if (short < 0) said.push(`The limit is on the near side of the stop: once stopped in, it may not fill`);
  }
  for (const [needed, name, price] of [[needsLimit(draft.type), "limit", draft.limitPrice], [needsStop(draft.type), "stop", draft.stopPrice]] as const) {
    if (!needed || decimal.parse(price) === null || !collarRatio) continue;
    const away = decimal.divide(decimal.absolute(decimal.subtract(price, touch)), touch, 6);
    if (away !== null && decimal.compare(away, collarRatio) > 0) said.push(`The ${name} is ${decimal.formatRatio(away, 1)} from the market; the collar is ${decimal.formatRatio(collarRatio, 1)}`);
  }
  return said;
}

export interface Hint {
  /** What the ticket takes over on a click. */
  change: Partial<Draft>;
  label: string;
  why: string;
}

/** What would have passed instead, each with the rule it comes from. */
export function hints(preview: Pick<Preview, "rejection" | "passable_quantity" | "passable_quantity_check" | "passable_limit_price" | "passable_stop_price">): Hint[] {
  const found: Hint[] = [];
  const limit = preview.passable_limit_price || "";
  const stop = preview.passable_stop_price || "";
  const rule = preview.rejection?.check ? sentence(preview.rejection.check).toLowerCase() : "a price rule";
  if (limit || stop) {
    found.push({
      change: { ...(stop ? { stopPrice: decimal.normalise(stop) } : {}), ...(limit ? { limitPrice: decimal.normalise(limit) } : {}) },
      label: `Use ${[stop && `stop ${decimal.format(stop)}`, limit && `limit ${decimal.format(limit)}`].filter(Boolean).join(", ")} instead`,
      why: `The nearest that passes ${rule} and every other rule.`,
    });
  }
  if (decimal.sign(preview.passable_quantity) > 0) {
    const by = preview.passable_quantity_check;
    found.push({
      change: { quantity: decimal.normalise(preview.passable_quantity) },
      label: `Use ${decimal.format(preview.passable_quantity)} instead`,
      why: by ? `The most that passes every rule; one lot more is refused by ${sentence(by).toLowerCase()}.` : "The most that passes every rule.",
    });
  }
  return found;
}

/** The whole order, for the button that sends it: "PAPER BUY 1 AAPL limit 189.40". */
export function orderWords(mode: string, draft: Draft, symbol: string, estimate: string | null | undefined): string {
  const price: Record<string, string> = {
    MARKET: `at market${estimate && !decimal.isZero(estimate) ? `, about ${decimal.format(estimate)}` : ""}`,
    LIMIT: `limit ${decimal.format(draft.limitPrice)}`,
    STOP: `stop ${decimal.format(draft.stopPrice)}`,
    STOP_LIMIT: `stop ${decimal.format(draft.stopPrice)} limit ${decimal.format(draft.limitPrice)}`,
    TAKE_PROFIT: `take profit ${decimal.format(draft.stopPrice)}`,
    TAKE_PROFIT_LIMIT: `take profit ${decimal.format(draft.stopPrice)} limit ${decimal.format(draft.limitPrice)}`,
    TRAILING_STOP: "stop",
    TRAILING_STOP_LIMIT: "stop limit",
  };
  return `${mode} ${draft.side} ${decimal.format(draft.quantity)} ${symbol} ${price[draft.type] ?? draft.type}`;
}
