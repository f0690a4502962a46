import type { DepthBook, Quote } from "../api/types";
import * as decimal from "./decimal";
import { millis } from "./time";

/** Why the book must not be read beside the quote; empty when they agree. */
export function disagreement(book: DepthBook | null | undefined, quote: Quote | undefined): string {
  if (!book || !quote) return "";
  const bid = book.bids[0]?.price;
  const ask = book.asks[0]?.price;
  // An empty side is what a quote without that side says too.
  const same = (level: string | undefined, touch: string) => (level === undefined ? decimal.sign(touch) <= 0 : decimal.compare(level, touch) === 0);
  if (same(bid, quote.bid_price) && same(ask, quote.ask_price)) return "";
  const apart = (millis(quote.quote_time) ?? 0) - (millis(book.market_time) ?? 0);
  if (apart === 0 || !book.market_time) return "not the quote's moment";
  return `${(Math.abs(apart) / 1000).toFixed(1)} s ${apart > 0 ? "older" : "newer"} than the quote`;
}
