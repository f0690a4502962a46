import { describe, expect, it } from "vitest";
import { elapsed, guardWord, nearestWords, stepTone } from "./order_story";

describe("elapsed", () => {
  it("grows its unit with its size", () => {
    expect(elapsed("0")).toBe("");
    expect(elapsed(undefined)).toBe("");
    expect(elapsed("-5")).toBe("");
    expect(elapsed("400000")).toBe("+0.4 ms");
    expect(elapsed(999_000_000)).toBe("+999 ms");
    expect(elapsed("1250000000")).toBe("+1.25 s");
    expect(elapsed("184000000000")).toBe("+3m 04s");
    expect(elapsed("7380000000000")).toBe("+2h 03m");
    expect(elapsed("259200000000000")).toBe("+3 days");
  });
});

describe("nearestWords", () => {
  it("names the rule each term comes from", () => {
    expect(nearestWords([{ term: "quantity", value: "12.50", check: "max_position" }])).toEqual(["A quantity of 12.5 would have passed; one lot more is refused by max position."]);
    expect(nearestWords([{ term: "limit_price", value: "101", check: "price_collar" }])[0]).toContain("limit price of 101 would have passed price collar");
    expect(nearestWords([{ term: "none", value: "", check: "restricted" }])[0]).toContain("No smaller quantity");
    expect(nearestWords([])).toEqual([]);
  });
});

it("an unknown guard or step is no reason to fail", () => {
  expect(guardWord("ORDER_GUARD_RISK")).toBe("risk");
  expect(guardWord("ORDER_GUARD_OF_TOMORROW")).toBe("nobody known");
  expect(stepTone("ORDER_EVENT_TYPE_OF_TOMORROW")).toBe("quiet");
  expect(stepTone("ORDER_EVENT_TYPE_DENIED")).toBe("bad");
});
