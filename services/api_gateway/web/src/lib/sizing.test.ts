import { describe, expect, it } from "vitest";
import { kFreshSize, sizeBody, sizeNote, sizeProblem, type SizingResult } from "./sizing";

const kEntry = { accountId: "paper", symbol: "BTC-USD", side: "BUY" as const, price: "" };
const kResult: SizingResult = { method: "SIZING_METHOD_KELLY", name: "kelly", quantity: "1", notional: "100", inputs: {}, caps: [], refusal: "" };

describe("size", () => {
  it("by risk needs a stop and a part of the equity", () => {
    expect(sizeProblem(kFreshSize)).toContain("stop price");
    expect(sizeProblem({ ...kFreshSize, stop: "-1" })).toContain("positive");
    expect(sizeProblem({ ...kFreshSize, stop: "90", riskPercent: "21" })).toContain("20 per cent");
    expect(sizeProblem({ ...kFreshSize, stop: "90" })).toBeUndefined();
  });
  it("by money needs money, by methods nothing", () => {
    expect(sizeProblem({ ...kFreshSize, by: "MONEY" })).toContain("money");
    expect(sizeProblem({ ...kFreshSize, by: "MONEY", money: "100" })).toBeUndefined();
    expect(sizeProblem({ ...kFreshSize, by: "METHODS" })).toBeUndefined();
  });
  it("asks for what was chosen and no more", () => {
    expect(sizeBody({ ...kFreshSize, stop: "90", riskPercent: "0.5" }, { ...kEntry, price: "100" })).toEqual({
      account_id: "paper", symbol: "BTC-USD", side: "SIDE_BUY", price: "100", stop_price: "90", method: "SIZING_METHOD_RISK_PER_TRADE", sizing: { risk_ratio: "0.005" },
    });
    expect(sizeBody({ ...kFreshSize, by: "MONEY", money: "2500" }, kEntry)).toEqual({ account_id: "paper", symbol: "BTC-USD", side: "SIDE_BUY", money: "2500" });
  });
  it("says what held it down", () => {
    expect(sizeNote(kResult)).toBe("");
    expect(sizeNote({ ...kResult, caps: [{ name: "order_notional", quantity: "9" }, { name: "buying_power", quantity: "3" }] })).toContain("buying power");
    expect(sizeNote({ ...kResult, refusal: "there is no stop" })).toBe("there is no stop");
    expect(sizeNote({ ...kResult, inputs: { instead: "fixed_fraction: few" } })).toBe("as fixed fraction: few");
  });
});
