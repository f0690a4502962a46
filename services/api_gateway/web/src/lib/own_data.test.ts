import { describe, expect, it } from "vitest";
import { instrumentBody, instrumentProblem, isGzip, kNoInstrument, toBase64, verdict, type ImportAnswer } from "./own_data";

describe("own data", () => {
  it("makes base64 of any bytes", () => {
    expect(toBase64(new Uint8Array([0, 255, 31, 139]))).toBe("AP8fiw==");
    const many = new Uint8Array(20_000).fill(7);
    expect(atob(toBase64(many)).length).toBe(20_000);
  });

  it("knows gzip", () => {
    expect(isGzip(new Uint8Array([0x1f, 0x8b, 8]))).toBe(true);
    expect(isGzip(new Uint8Array([0x74, 0x69]))).toBe(false);
  });

  it("says what became of a file", () => {
    const set = { name: "GOOG-1d", version: 2, symbol: "GOOG", timeframe: "1d", rows: "30" };
    const answer = { acceptable: true, stored: true, existed: false, problem_count: "0", data_set: set } as unknown as ImportAnswer;
    expect(verdict(answer, false)).toBe("30 bars of GOOG, 1d: stored as GOOG-1d@2.");
    expect(verdict({ ...answer, existed: true }, false)).toContain("was there already");
    expect(verdict(answer, true)).toContain("would be taken");
    expect(verdict({ ...answer, acceptable: false, problem_count: "3" }, false)).toBe("Refused: 3 problems. Nothing was stored.");
  });

  it("says what a symbol is, or leaves it to the market", () => {
    expect(instrumentBody(kNoInstrument)).toEqual({});
    expect(instrumentBody({ ...kNoInstrument, symbol: "BTC-USD" })).toEqual({ symbol: "BTC-USD" });
    expect(instrumentBody({ symbol: "GOOG", assetClass: "EQUITY", tick: "0.01", lot: "" })).toEqual({ instrument: "GOOG,asset_class=EQUITY,tick_size=0.01,lot_size=1" });
    expect(instrumentBody({ symbol: "X", assetClass: "CRYPTO", tick: "", lot: "0.1" })).toEqual({ instrument: "X,asset_class=CRYPTO,lot_size=0.1", guess_tick: true });
    expect(instrumentProblem({ ...kNoInstrument, assetClass: "CRYPTO" })).toBeDefined();
    expect(instrumentProblem({ ...kNoInstrument, symbol: "a,b" })).toBeDefined();
    expect(instrumentProblem(kNoInstrument)).toBeUndefined();
  });
});
