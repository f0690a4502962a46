import { describe, expect, it } from "vitest";
import type { DepthBook, Quote } from "../api/types";
import { disagreement } from "./depth";

const quote = { symbol: "A", bid_price: "10.00", ask_price: "10.02", quote_time: "2026-01-01T00:00:02Z" } as Quote;
const book = (bid: string, ask: string, time = "2026-01-01T00:00:02Z"): DepthBook => ({ symbol: "A", bids: [{ price: bid, size: "1" }], asks: [{ price: ask, size: "1" }], market_time: time });

describe("disagreement", () => {
  it("is silent when the touch is the same", () => {
    expect(disagreement(book("10", "10.020"), quote)).toBe("");
    expect(disagreement(book("10", "10.02", "2026-01-01T00:00:01Z"), quote)).toBe("");
    expect(disagreement(null, quote)).toBe("");
  });
  it("says how much older or newer the book is", () => {
    expect(disagreement(book("10.01", "10.03", "2026-01-01T00:00:01.2Z"), quote)).toBe("0.8 s older than the quote");
    expect(disagreement(book("10.01", "10.03", "2026-01-01T00:00:03Z"), quote)).toBe("1.0 s newer than the quote");
    expect(disagreement(book("9", "10.02"), quote)).toBe("not the quote's moment");
  });
  it("sees a side that is gone", () => {
    expect(disagreement({ ...book("10", "10.02"), asks: [] }, quote)).not.toBe("");
    expect(disagreement({ ...book("10", "10.02"), asks: [] }, { ...quote, ask_price: "0" })).toBe("");
  });
});
