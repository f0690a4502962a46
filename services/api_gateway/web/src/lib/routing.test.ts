import { expect, test } from "vitest";
import { ApiError } from "../api/client";
import { canRoute, isRouteEnded, leftOutWords, looksLikeRepeat, routeWords, saved, type Route, type RoutePlan } from "./routing";

test("there is a choice where accounts that trade are at two venues", () => {
  expect(canRoute([{ broker: "paper" }, { broker: "paper_ecn" }])).toBe(true);
  expect(canRoute([{ broker: "paper" }, { broker: "" }])).toBe(false);
  expect(canRoute([{ broker: "paper" }, { broker: "paper_ecn", halted: true }])).toBe(false);
});

test("what a split saves is counted against the best one venue", () => {
  const plan = { unplaced_quantity: "0", all_in_amount: "990", best_single_amount: "1000" } as RoutePlan;
  expect(saved(plan, "SIDE_BUY")).toBe("10");
  expect(saved(plan, "SIDE_SELL")).toBe(null);
  expect(saved({ ...plan, all_in_amount: "1003" }, "SIDE_SELL")).toBe("3");
  expect(saved({ ...plan, best_single_amount: null }, "SIDE_BUY")).toBe(null);
});

test("who is left out says why", () => {
  const why = { reason: "REJECT_REASON_STALE_PRICE", check: "book_age", limit: "5000", observed: "9000", message: "its book is old" };
  expect(leftOutWords({ account_id: "ecn", broker: "paper_ecn", left_out: why })).toBe("STALE_PRICE: its book is old");
  expect(leftOutWords({ account_id: "ecn", broker: "paper_ecn", left_out: null })).toBe("");
});

test("how far a route is", () => {
  const route = { spec: { quantity: "3" }, filled_quantity: "1", state: "ROUTE_STATE_ENDED", note: "2 is left" } as Route;
  expect(routeWords(route)).toBe("1 of 3 · 2 is left");
  expect([isRouteEnded(route), isRouteEnded({ ...route, state: "ROUTE_STATE_WORKING" })]).toEqual([true, false]);
});

test("a repeat is told from other refusals by its code, whatever the words are", () => {
  const refused = (reason: string) => new ApiError("FAILED_PRECONDITION", 422, "confirm_duplicate", reason);
  expect(looksLikeRepeat(refused("REJECT_REASON_DUPLICATE_ORDER"))).toBe(true);
  expect([refused(""), refused("REJECT_REASON_UNSUPPORTED")].map(looksLikeRepeat)).toEqual([false, false]);
});
