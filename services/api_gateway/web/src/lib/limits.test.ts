import { describe, expect, it } from "vitest";
import { effectiveText, isOwnLimit } from "./limits";

const limit = (name: string, value: string, scope = "firm") => ({ name, value, scope, version: "1" });

describe("effective limits", () => {
  it("knows the account's own from everybody else's", () => {
    expect(isOwnLimit(limit("max_open_orders", "200", "account paper"), "paper")).toBe(true);
    expect(isOwnLimit(limit("max_open_orders", "200", "account paper, override"), "paper")).toBe(false);
    expect(isOwnLimit(limit("max_open_orders", "200", "account other"), "paper")).toBe(false);
    expect(isOwnLimit(limit("max_open_orders", "200"), "paper")).toBe(false);
  });
  it("shows shares as per cent and yes or no as a word", () => {
    expect(effectiveText(limit("max_position_ratio", "0.02"), "ratio")).toBe("2 %");
    expect(effectiveText(limit("allow_short", "0"), "yes")).toBe("no");
    expect(effectiveText(limit("restricted", "1"), "amount")).toBe("yes");
    expect(effectiveText(limit("max_order_notional", "1000"), "amount")).toBe("1,000");
  });
});
