import { describe, expect, it } from "vitest";
import { canRest, hints, orderWords, stopProblem, timesInForce, warnings, type Draft } from "./order_words";

const draft = (more: Partial<Draft>): Draft => ({ side: "BUY", type: "STOP", quantity: "1", limitPrice: "", stopPrice: "", ...more });
const quote = { bid_price: "3375.90", ask_price: "3376.10" };

describe("stopProblem", () => {
  it("stops a mistyped buy stop below the market, and names the numbers", () => {
    expect(stopProblem(draft({ stopPrice: "1.00" }), quote)).toContain("the ask is 3,376.1, so 1 would trade at once");
  });
  it("stops a sell stop above the market", () => {
    expect(stopProblem(draft({ side: "SELL", stopPrice: "4000" }), quote)).toContain("would trade at once");
    expect(stopProblem(draft({ side: "SELL", type: "STOP_LIMIT", stopPrice: "3375.9" }), quote)).toContain("would trade at once");
  });
  it("holds a take-profit against the other side", () => {
    expect(stopProblem(draft({ type: "TAKE_PROFIT", stopPrice: "3400" }), quote)).toContain("waits below the market");
    expect(stopProblem(draft({ type: "TAKE_PROFIT", stopPrice: "3300" }), quote)).toBeUndefined();
    expect(stopProblem(draft({ side: "SELL", type: "TAKE_PROFIT_LIMIT", stopPrice: "3300" }), quote)).toContain("waits above the market");
    expect(stopProblem(draft({ side: "SELL", type: "TAKE_PROFIT_LIMIT", stopPrice: "3400" }), quote)).toBeUndefined();
  });
  it("lets the right side through, and stays silent without a quote", () => {
    expect(stopProblem(draft({ stopPrice: "3400" }), quote)).toBeUndefined();
    expect(stopProblem(draft({ side: "SELL", stopPrice: "3300" }), quote)).toBeUndefined();
    expect(stopProblem(draft({ stopPrice: "1" }), undefined)).toBeUndefined();
    expect(stopProblem(draft({ type: "LIMIT", stopPrice: "1" }), quote)).toBeUndefined();
  });
});

describe("warnings", () => {
  it("says when a limit trades at once", () => {
    expect(warnings(draft({ type: "LIMIT", limitPrice: "3376.10" }), quote, undefined)[0]).toContain("trades at once");
    expect(warnings(draft({ type: "LIMIT", side: "SELL", limitPrice: "3000" }), quote, undefined)[0]).toContain("bid is 3,375.9");
    expect(warnings(draft({ type: "LIMIT", limitPrice: "3300" }), quote, undefined)).toEqual([]);
  });
  it("says when a price is outside the collar", () => {
    expect(warnings(draft({ stopPrice: "5000" }), quote, "0.1")[0]).toBe("The stop is 48.1% from the market; the collar is 10.0%");
    expect(warnings(draft({ stopPrice: "3400" }), quote, "0.1")).toEqual([]);
  });
  it("says when a stop-limit may never fill", () => {
    expect(warnings(draft({ type: "STOP_LIMIT", stopPrice: "3400", limitPrice: "3390" }), quote, "0.1")[0]).toContain("near side");
  });
});

describe("orderWords", () => {
  it("says side, quantity, symbol, type and price", () => {
    expect(orderWords("PAPER", draft({ type: "LIMIT", limitPrice: "189.40" }), "AAPL", null)).toBe("PAPER BUY 1 AAPL limit 189.4");
    expect(orderWords("LIVE", draft({ side: "SELL", type: "STOP_LIMIT", stopPrice: "10", limitPrice: "9.5" }), "X", null)).toBe("LIVE SELL 1 X stop 10 limit 9.5");
    expect(orderWords("PAPER", draft({ type: "MARKET" }), "X", "12.50")).toBe("PAPER BUY 1 X at market, about 12.5");
  });
});

describe("hints", () => {
  const rejection = { reason: "", check: "price_collar", limit: "", observed: "", message: "" };
  it("names the rule a quantity comes from, not the refusal's", () => {
    const [hint] = hints({ rejection, passable_quantity: "0.0316800", passable_quantity_check: "max_position" });
    expect(hint?.change).toEqual({ quantity: "0.03168" });
    expect(hint?.why).toContain("one lot more is refused by max position");
  });
  it("offers the nearest prices", () => {
    const [hint] = hints({ rejection, passable_quantity: "", passable_stop_price: "3376.2", passable_limit_price: "3380.0" });
    expect(hint?.label).toBe("Use stop 3,376.2, limit 3,380 instead");
    expect(hint?.change).toEqual({ stopPrice: "3376.2", limitPrice: "3380" });
    expect(hint?.why).toContain("price collar");
  });
  it("offers nothing when nothing would pass", () => {
    expect(hints({ rejection, passable_quantity: "" })).toEqual([]);
    expect(hints({ rejection, passable_quantity: "0" })).toEqual([]);
  });
});

describe("timesInForce", () => {
  it("offers what the type can have", () => {
    expect(timesInForce("MARKET")).toEqual(["IOC", "AT_OPEN", "AT_CLOSE"]);
    expect(timesInForce("LIMIT")).toContain("GTD");
    expect(timesInForce("TAKE_PROFIT")).not.toContain("IOC");
  });
  it("knows what rests", () => {
    expect(canRest("LIMIT", "GTD")).toBe(true);
    expect(canRest("LIMIT", "IOC")).toBe(false);
    expect(canRest("STOP", "GTC")).toBe(false);
  });
});
