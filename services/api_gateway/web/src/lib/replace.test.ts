import { describe, expect, it } from "vitest";
import type { Order } from "../api/types";
import { asks, canReplace, changesOf, effectOf, outcomeOf, problemsOf, readAsking, termsOf, termsThatChange } from "./replace";

const order = { status: "ORDER_STATUS_PARTIALLY_FILLED", type: "ORDER_TYPE_LIMIT", quantity: "10", cumulative_quantity: "4", limit_price: "100.50", stop_price: null, cancel_requested: false } as Order;

describe("a replacement", () => {
  it("is for what works and has terms", () => {
    expect(canReplace(order)).toBe(true);
    expect(canReplace({ ...order, cancel_requested: true })).toBe(false);
    expect(canReplace({ ...order, outcome_unknown: true })).toBe(false);
    expect(canReplace({ ...order, status: "ORDER_STATUS_FILLED" })).toBe(false);
    expect(canReplace({ ...order, type: "ORDER_TYPE_TRAILING_STOP" })).toBe(false);
    expect(termsThatChange(order)).toEqual(["quantity", "limit_price"]);
  });
  it("says what changes, exactly, and nothing where only the writing does", () => {
    expect(changesOf(order, { ...termsOf(order), limit_price: "100.5" })).toEqual([]);
    expect(changesOf(order, { ...termsOf(order), quantity: "12", limit_price: "101" })).toEqual([{ term: "quantity", label: "Quantity", from: "10", to: "12" }, { term: "limit_price", label: "Limit price", from: "100.5", to: "101" }]);
  });
  it("refuses what the instrument cannot be traded in", () => {
    expect(problemsOf(order, { quantity: "10.5", limit_price: "100.505", stop_price: "" }, { lot_size: "1", tick_size: "0.01" })).toEqual({ quantity: "Lot steps of 1", limit_price: "Tick steps of 0.01" });
    expect(problemsOf(order, { quantity: "", limit_price: "-1", stop_price: "" }, undefined)).toHaveProperty("quantity");
  });
  it("counts what is still to trade, before and after", () => {
    expect(effectOf(order, { ...termsOf(order), quantity: "12" }, "99")).toEqual({ before: "603", after: "804", difference: "201", ends: false });
    expect(effectOf(order, { ...termsOf(order), quantity: "4" }, "99")).toMatchObject({ after: "0", ends: true });
    const market = { ...order, limit_price: null } as Order;
    expect(effectOf(market, { ...termsOf(market), quantity: "5" }, "99").after).toBe("99");
  });
  it("asks as the setting says, and always about real money", () => {
    const larger = effectOf(order, { ...termsOf(order), quantity: "12" }, "99");
    const smaller = effectOf(order, { ...termsOf(order), quantity: "8" }, "99");
    expect([asks("always", false, smaller), asks("larger", false, larger), asks("larger", false, smaller), asks("never", false, larger), asks("never", true, smaller)]).toEqual([true, true, false, false, true]);
    expect([readAsking("never"), readAsking("nonsense"), readAsking(null)]).toEqual(["never", "always", "always"]);
  });
  it("is over when the log says so, and not by an older answer", () => {
    const refused = { type: "ORDER_EVENT_TYPE_REPLACE_REJECTED", sequence: "7", event_time: "", rejection: { message: "too late", reason: "REJECT_REASON_ORDER_CLOSED" } };
    expect(outcomeOf([refused], "7")).toBeNull();
    expect(outcomeOf([refused], "6")).toEqual({ replaced: false, message: "too late", reason: "REJECT_REASON_ORDER_CLOSED" });
    expect(outcomeOf([{ ...refused, type: "ORDER_EVENT_TYPE_REPLACED" }], "6")).toMatchObject({ replaced: true });
  });
});
