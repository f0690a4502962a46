import { describe, expect, it } from "vitest";
import { bracketBody, canProtect, exitsProblem, exitWords, isTrailComplete, kNoExits, kNoTrail, trailBody, trailProblem, trailWords } from "./exits";

describe("trailing", () => {
  it("is refused by name before it is sent", () => {
    const trail = (more: object) => ({ ...kNoTrail, ...more });
    expect(trailProblem("TRAILING_STOP", trail({ offset: "0" }))).toContain("positive");
    expect(trailProblem("TRAILING_STOP", trail({ offset: "100" }))).toContain("100 per cent");
    expect(trailProblem("TRAILING_STOP", trail({ offset: "1.5", unit: "TICKS" }))).toBe("Whole ticks");
    expect(trailProblem("TRAILING_STOP", trail({ offset: "1.5", activation: "x" }))).toContain("activation");
    expect(trailProblem("TRAILING_STOP", trail({ offset: "1.5" }))).toBeUndefined();
    expect(isTrailComplete("TRAILING_STOP_LIMIT", trail({ offset: "1.5" }))).toBe(false);
    expect(isTrailComplete("TRAILING_STOP_LIMIT", trail({ offset: "1.5", limitOffset: "0" }))).toBe(true);
    expect(isTrailComplete("LIMIT", kNoTrail)).toBe(true);
  });
  it("says no more than was asked for", () => {
    expect(trailBody("STOP", kNoTrail)).toEqual({});
    expect(trailBody("TRAILING_STOP", { ...kNoTrail, offset: "2" })).toEqual({ trailing: { offset: "2", offset_type: "TRAILING_OFFSET_TYPE_PERCENT" } });
    expect(trailBody("TRAILING_STOP_LIMIT", { offset: "5", unit: "PRICE", activation: "90", limitOffset: "1" })).toEqual({
      trailing: { offset: "5", offset_type: "TRAILING_OFFSET_TYPE_PRICE", activation_price: "90", limit_offset: "1" },
    });
    expect(trailWords({ ...kNoTrail, offset: "2", activation: "90" })).toBe("trailing 2% from 90");
  });
});

describe("exits", () => {
  it("are on their side of the entry", () => {
    expect(exitsProblem("BUY", "100", { ...kNoExits, target: "99" })).toContain("above the entry");
    expect(exitsProblem("BUY", "100", { ...kNoExits, stop: "100" })).toContain("below the entry");
    expect(exitsProblem("SELL", "100", { ...kNoExits, target: "101" })).toContain("below the entry");
    expect(exitsProblem("SELL", "100", { ...kNoExits, stop: "99" })).toContain("above the entry");
    expect(exitsProblem("BUY", "100", { target: "110", stop: "95", trailPercent: "" })).toBeUndefined();
    expect(exitsProblem("BUY", undefined, { ...kNoExits, target: "1" })).toBeUndefined();
    expect(exitsProblem("BUY", "100", { target: "", stop: "95", trailPercent: "2" })).toContain("not both");
  });
  it("go with what opens", () => {
    expect(canProtect("LIMIT", false)).toBe(true);
    expect(canProtect("LIMIT", true)).toBe(false);
    expect(canProtect("TRAILING_STOP", false)).toBe(false);
  });
  it("make a list of the reviewed order", () => {
    const entry = { account_id: "paper", request_id: "k", symbol: "SPY", side: "SIDE_BUY", type: "ORDER_TYPE_LIMIT", quantity: "2", limit_price: "100" };
    expect(bracketBody(entry, { target: "110", stop: "", trailPercent: "2" })).toEqual({
      account_id: "paper",
      request_id: "k",
      contingency_type: "CONTINGENCY_TYPE_BRACKET",
      orders: [
        { symbol: "SPY", side: "SIDE_BUY", type: "ORDER_TYPE_LIMIT", quantity: "2", limit_price: "100" },
        { symbol: "SPY", side: "SIDE_SELL", quantity: "2", time_in_force: "TIME_IN_FORCE_GTC", reduce_only: true, type: "ORDER_TYPE_LIMIT", limit_price: "110", reason: "take_profit" },
        { symbol: "SPY", side: "SIDE_SELL", quantity: "2", time_in_force: "TIME_IN_FORCE_GTC", reduce_only: true, type: "ORDER_TYPE_TRAILING_STOP", trailing: { offset: "2", offset_type: "TRAILING_OFFSET_TYPE_PERCENT" }, reason: "trailing_stop" },
      ],
    });
    expect(exitWords({ target: "110", stop: "", trailPercent: "2" })).toBe(", target 110, stop trailing 2%");
    expect(exitWords(kNoExits)).toBe("");
  });
});
