// How old each price is. The stream may be alive while the market behind it is dead, so each quote has its own age. Pure.
import type { MarketPulse, Quote } from "../api/types";
import { duration, millis } from "./time";

export interface Arrival {
  /** Wall time at which the quote was seen to change. */
  at: number;
}
export type Arrivals = Readonly<Record<string, Arrival>>;

/** Without limits from risk: its own default. */
export const kQuoteAgeMaxMs = 5000;

/**
 * Notes when quotes came. One that comes with a snapshot may be old already: where the market's clock is the wall clock
 * (`wallClock`), it counts from its own time. A delta is news by itself, whatever the clocks of the two machines say.
 */
export function noteArrivals(known: Arrivals, before: Readonly<Record<string, Quote>>, after: Readonly<Record<string, Quote>>, now: number, snapshot: boolean, wallClock: boolean): Arrivals {
  if (before === after) return known;
  let next: Record<string, Arrival> | null = null;
  for (const [symbol, quote] of Object.entries(after)) {
    const old = before[symbol];
    if (old === quote) continue;
    const same = old !== undefined && String(old.sequence) === String(quote.sequence) && old.quote_time === quote.quote_time;
    // Sent again without having changed: not news.
    if (same && known[symbol]) continue;
    next ??= { ...known };
    next[symbol] = { at: snapshot ? now - ageAtArrival(quote, now, wallClock) : now };
  }
  return next ?? known;
}

function ageAtArrival(quote: Quote, now: number, wallClock: boolean): number {
  // The server's own figure needs no comparing of clocks.
  if (quote.age_ms !== undefined) return Math.max(0, Number(quote.age_ms));
  const own = wallClock ? millis(quote.quote_time) : null;
  return own === null ? 0 : Math.max(0, now - own);
}

export interface Freshness {
  ageMs: number;
  old: boolean;
}

/** Null when there is no quote. A closed session has no new prices to wait for: it is quiet, not old. */
export function freshness(quote: Quote | undefined, arrival: Arrival | undefined, now: number, limitMs: number): Freshness | null {
  if (!quote || !arrival) return null;
  const ageMs = Math.max(0, now - arrival.at);
  return { ageMs, old: quote.stale === true || (quote.session_open && ageMs > limitMs) };
}

/** What a halt means to whoever looks at its price. */
export function haltWords(quote: Quote): string {
  return `trading in ${quote.symbol} is halted${quote.halt_reason ? `, ${quote.halt_reason}` : ""}: no entries are taken, reductions wait for the resume`;
}

export interface Market {
  /** Symbols with a quote. */
  total: number;
  /** Symbols whose session is open, and how many of them have old prices. */
  open: number;
  old: number;
  /** Age of the newest price of an open session; null when none is open. */
  newestMs: number | null;
}

export function marketFreshness(quotes: Readonly<Record<string, Quote>>, arrivals: Arrivals, now: number, limitMs: number): Market {
  const market: Market = { total: 0, open: 0, old: 0, newestMs: null };
  for (const [symbol, quote] of Object.entries(quotes)) {
    const fresh = freshness(quote, arrivals[symbol], now, limitMs);
    if (!fresh) continue;
    ++market.total;
    if (!quote.session_open) continue;
    ++market.open;
    if (fresh.old) ++market.old;
    market.newestMs = market.newestMs === null ? fresh.ageMs : Math.min(market.newestMs, fresh.ageMs);
  }
  return market;
}

/** What the status bar says, and whether it may be green. */
export function streamWords(connection: "connecting" | "live" | "reconnecting", stale: boolean, market: Market, retryInSeconds: number, pulse: MarketPulse | null = null): { text: string; tone: "good" | "warn" | "bad" } {
  if (connection === "connecting") return { text: "connecting", tone: "bad" };
  if (connection === "reconnecting") return { text: `reconnecting in ${retryInSeconds} s`, tone: "bad" };
  if (stale) return { text: "stream stale", tone: "warn" };
  if (pulse?.state === "ended") return { text: "replay ended, prices stand", tone: "warn" };
  if (pulse?.state === "unknown") return { text: "no word of the market yet", tone: "warn" };
  if (pulse?.state === "silent") return { text: `market silent${market.newestMs === null ? "" : `, prices ${duration(market.newestMs)} old`}`, tone: "bad" };
  if (market.open > 0 && market.old === market.open) return { text: `prices ${duration(market.newestMs ?? 0)} old`, tone: "bad" };
  if (market.old > 0) return { text: `stream live · ${market.old} of ${market.open} prices old`, tone: "warn" };
  return { text: "stream live", tone: "good" };
}
