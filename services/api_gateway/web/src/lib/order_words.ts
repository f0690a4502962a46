// What the ticket says about an order before it is sent. Pure.
import * as decimal from "./decimal";

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

export const needsLimit = (type: string) => type === "LIMIT" || type === "STOP_LIMIT";
export const needsStop = (type: string) => type === "STOP" || type === "STOP_LIMIT";

/** A stop that the market has passed already is a market order in disguise. */
export function stopProblem(draft: Draft, quote: Touch | undefined): string | undefined {
  if (!needsStop(draft.type) || !quote || decimal.parse(draft.stopPrice) === null) return undefined;
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

/** The whole order, for the button that sends it: "PAPER BUY 1 AAPL limit 189.40". */
export function orderWords(mode: string, draft: Draft, symbol: string, estimate: string | null | undefined): string {
  const price: Record<string, string> = {
    MARKET: `at market${estimate && !decimal.isZero(estimate) ? `, about ${decimal.format(estimate)}` : ""}`,
    LIMIT: `limit ${decimal.format(draft.limitPrice)}`,
    STOP: `stop ${decimal.format(draft.stopPrice)}`,
    STOP_LIMIT: `stop ${decimal.format(draft.stopPrice)} limit ${decimal.format(draft.limitPrice)}`,
  };
  return `${mode} ${draft.side} ${decimal.format(draft.quantity)} ${symbol} ${price[draft.type] ?? draft.type}`;
}
