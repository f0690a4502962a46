import { describe, expect, it } from "vitest";
import type { Quote } from "../api/types";
import { freshness, marketFreshness, noteArrivals, streamWords, haltWords } from "./freshness";

const quote = (symbol: string, sequence: number, more: Partial<Quote> = {}): Quote =>
  ({ symbol, sequence: String(sequence), quote_time: new Date(sequence * 1000).toISOString(), session_open: true, ...more }) as Quote;

describe("freshness", () => {
  it("counts from the moment a quote changed", () => {
    const before = { A: quote("A", 1), B: quote("B", 1) };
    const after = { ...before, A: quote("A", 2) };
    const known = noteArrivals({ A: { at: 1000 }, B: { at: 1000 } }, before, after, 9000, false, true);
    expect(known.A?.at).toBe(9000);
    expect(known.B?.at).toBe(1000);
  });
  it("does not take an old quote of a snapshot for a new one", () => {
    const known = noteArrivals({}, {}, { A: quote("A", 100) }, 160_000, true, true);
    expect(freshness(quote("A", 100), known.A, 160_000, 5000)).toEqual({ ageMs: 60_000, old: true });
  });
  it("does not measure a replayed market's clock against the wall", () => {
    const known = noteArrivals({}, {}, { A: quote("A", 100) }, 160_000, true, false);
    expect(freshness(quote("A", 100), known.A, 160_000, 5000)?.old).toBe(false);
  });
  it("does not take the same quote sent again for news", () => {
    const before = { A: quote("A", 1) };
    const known = noteArrivals({ A: { at: 1000 } }, before, { A: quote("A", 1) }, 9000, true, false);
    expect(known.A?.at).toBe(1000);
  });
  it("is quiet, not old, when the session is closed", () => {
    expect(freshness(quote("A", 1, { session_open: false }), { at: 0 }, 1e9, 5000)?.old).toBe(false);
    expect(freshness(undefined, { at: 0 }, 1, 1)).toBeNull();
  });
});

describe("the server's word", () => {
  it("counts from the age the server gives, and believes it when it says stale", () => {
    const row = quote("A", 100, { age_ms: "7000" });
    const known = noteArrivals({}, {}, { A: row }, 1e12, true, true);
    expect(freshness(row, known.A, 1e12, 5000)).toEqual({ ageMs: 7000, old: true });
    expect(freshness(quote("A", 1, { stale: true, session_open: false }), { at: 1000 }, 1000, 5000)?.old).toBe(true);
  });
  it("is never live while the market is silent or over", () => {
    const market = marketFreshness({ A: quote("A", 1) }, { A: { at: 9000 } }, 10_000, 5000);
    expect(streamWords("live", false, market, 0, { state: "silent" })).toEqual({ text: "market silent, prices 1s old", tone: "bad" });
    expect(streamWords("live", false, market, 0, { state: "ended" }).tone).toBe("warn");
    expect(streamWords("live", false, market, 0, { state: "live" }).tone).toBe("good");
  });
});

describe("streamWords", () => {
  const quotes = { A: quote("A", 1), B: quote("B", 1) };
  it("never says live over dead prices", () => {
    const market = marketFreshness(quotes, { A: { at: 0 }, B: { at: 2000 } }, 10_000, 5000);
    expect(streamWords("live", false, market, 0)).toEqual({ text: "prices 8s old", tone: "bad" });
  });
  it("counts the old ones among fresh ones", () => {
    const market = marketFreshness(quotes, { A: { at: 0 }, B: { at: 9500 } }, 10_000, 5000);
    expect(streamWords("live", false, market, 0)).toEqual({ text: "stream live · 1 of 2 prices old", tone: "warn" });
  });
  it("is green only when connected, fresh and moving", () => {
    const market = marketFreshness(quotes, { A: { at: 9000 }, B: { at: 9500 } }, 10_000, 5000);
    expect(streamWords("live", false, market, 0).tone).toBe("good");
    expect(streamWords("live", true, market, 0).tone).toBe("warn");
    expect(streamWords("reconnecting", true, market, 4)).toEqual({ text: "reconnecting in 4 s", tone: "bad" });
  });
});

it("says why an instrument is halted, where that is known", () => {
  expect(haltWords(quote("A", 1, { halted: true, halt_reason: "news pending" }))).toContain("A is halted, news pending: no entries");
  expect(haltWords(quote("A", 1, { halted: true }))).toContain("A is halted: no entries");
});
