import { describe, expect, it } from "vitest";
import { agreementOf, asks, nameOfBreak, nameOfHandling, waysOf } from "./reconciliation";

const NOW = Date.parse("2026-01-02T10:00:00Z");
const status = { account_id: "paper", positions_time: "2026-01-02T09:59:50Z", problem: "", open_breaks: 0, halting_breaks: 0, acknowledged_breaks: 0, pending: 0, matched_trades: "3", healed_trades: "0" };

describe("agreementOf", () => {
  it("says zero only of a comparison that was made, and lately", () => {
    expect(agreementOf(undefined, NOW)).toEqual({ text: "never compared", tone: "quiet" });
    expect(agreementOf({ ...status, positions_time: null }, NOW).text).toBe("never compared");
    expect(agreementOf(status, NOW)).toEqual({ text: "0 breaks", tone: "good" });
    expect(agreementOf(status, NOW + 120_000)).toEqual({ text: "not compared lately", tone: "warn" });
  });
  it("names what holds entries back first, however old it is", () => {
    expect(agreementOf({ ...status, open_breaks: 2, halting_breaks: 1 }, NOW + 120_000)).toEqual({ text: "1 break holds entries back", tone: "bad" });
    expect(agreementOf({ ...status, open_breaks: 2 }, NOW).text).toBe("2 healing");
  });
});

it("a kind of break that is not known here is shown as it is", () => {
  expect(nameOfBreak("BREAK_TYPE_CASH")).toBe("Cash");
  expect(nameOfBreak("BREAK_TYPE_NEW_ONE")).toBe("BREAK_TYPE_NEW_ONE");
});

it("an order made elsewhere is not decided until one of the known words is said of it", () => {
  expect(asks("EXTERNAL_HANDLING_ASK")).toBe(true);
  expect(asks(undefined)).toBe(true);
  expect(asks("EXTERNAL_HANDLING_NEW_ONE")).toBe(true);
  expect(asks("EXTERNAL_HANDLING_IGNORE")).toBe(false);
  expect(nameOfHandling("EXTERNAL_HANDLING_ATTRIBUTE")).toBe("attributed");
  expect(nameOfHandling("EXTERNAL_HANDLING_NEW_ONE")).toBe("not decided");
});

it("offers what it is not treated as yet, and another book at any time", () => {
  expect(waysOf("EXTERNAL_HANDLING_ASK")).toEqual(["adopt", "ignore", "attribute"]);
  expect(waysOf("EXTERNAL_HANDLING_IGNORE")).toEqual(["adopt", "attribute"]);
  expect(waysOf("EXTERNAL_HANDLING_ATTRIBUTE")).toEqual(["adopt", "ignore", "attribute"]);
});
