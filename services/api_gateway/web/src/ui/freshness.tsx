import { freshness, haltWords, marketFreshness, type Freshness, type Market } from "../lib/freshness";
import { duration } from "../lib/time";
import { useQuoteAgeMax, useStore } from "../state/store";
import { useNow } from "./parts";

/** How old the price of a symbol is; null without one. */
export function useFreshness(symbol: string): Freshness | null {
  const now = useNow(500);
  const limit = useQuoteAgeMax();
  const quote = useStore((s) => s.model.quotes[symbol]);
  const arrival = useStore((s) => s.arrivals[symbol]);
  return freshness(quote, arrival, now, limit);
}

export function useMarketFreshness(): Market {
  const now = useNow(500);
  const limit = useQuoteAgeMax();
  const quotes = useStore((s) => s.model.quotes);
  const arrivals = useStore((s) => s.arrivals);
  return marketFreshness(quotes, arrivals, now, limit);
}

/** "price 8s old", or nothing while it is fresh. */
export function oldWords(fresh: Freshness | null): string {
  return fresh?.old ? `price ${duration(fresh.ageMs)} old` : "";
}

/** The same for several symbols at once: the oldest one counts. */
export function useOldest(symbols: readonly string[]): string {
  const now = useNow(500);
  const limit = useQuoteAgeMax();
  const quotes = useStore((s) => s.model.quotes);
  const arrivals = useStore((s) => s.arrivals);
  const old = symbols.map((symbol) => freshness(quotes[symbol], arrivals[symbol], now, limit)).filter((f): f is Freshness => f?.old === true);
  if (old.length === 0) return "";
  return `${old.length} of ${symbols.length} price${symbols.length === 1 ? "" : "s"} old: ${duration(Math.max(...old.map((f) => f.ageMs)))}`;
}

/** Says that trading in a symbol is halted, and why; nothing while it is not. */
export function HaltBadge({ symbol }: { symbol: string }) {
  const quote = useStore((s) => s.model.quotes[symbol]);
  if (!quote?.halted) return null;
  return <span className="state tone-bad" data-halted={symbol} title={haltWords(quote)}>HALTED<span className="visually-hidden">: {haltWords(quote)}</span></span>;
}
