import { expect, test } from "vitest";
import { hasEnded, mayCancel, mayPause, mayResume, progress, specOf, stateWords, type AlgoDraft, type AlgoOrder } from "./algo";

const kOrder = { spec: { quantity: "3" }, status: "ALGO_STATUS_RUNNING", filled_quantity: "1.5", scheduled_quantity: "2", waits_for: "the next slice" } as AlgoOrder;
const kDraft: AlgoDraft = {
  type: "ALGO_TYPE_TWAP", symbol: "SPY", side: "SIDE_BUY", quantity: " 10 ", limitPrice: "", minutes: "2.5", slices: "5", jitterPercent: "", curve: "1, 2;3", participationPercent: "10", display: "2", urgency: "1",
};

test("progress is a part of the quantity", () => {
  expect(progress(kOrder)).toEqual({ filled: 0.5, scheduled: 0.666667 });
  expect(progress({ ...kOrder, spec: { ...kOrder.spec, quantity: "0" } })).toEqual({ filled: 0, scheduled: 0 });
});

test("only what can still change has buttons", () => {
  expect([mayPause(kOrder), mayResume(kOrder), mayCancel(kOrder), hasEnded(kOrder)]).toEqual([true, false, true, false]);
  const paused = { ...kOrder, status: "ALGO_STATUS_PAUSED" };
  expect([mayPause(paused), mayResume(paused), mayCancel(paused)]).toEqual([false, true, true]);
  const canceling = { ...kOrder, status: "ALGO_STATUS_CANCELING" };
  expect([mayCancel(canceling), hasEnded(canceling)]).toEqual([false, false]);
  expect(hasEnded({ ...kOrder, status: "ALGO_STATUS_STOPPED" })).toBe(true);
});

test("why it is so", () => {
  expect(stateWords(kOrder)).toBe("waits for the next slice");
  expect(stateWords({ ...kOrder, status_reason: { reason: "", check: "", limit: "", observed: "", message: "by user:a" } })).toBe("by user:a");
});

test("a draft asks for the terms of its type alone", () => {
  expect(specOf(kDraft, "paper")).toEqual({ account_id: "paper", symbol: "SPY", side: "SIDE_BUY", quantity: "10", algo_type: "ALGO_TYPE_TWAP", duration_seconds: 150, slices: 5 });
  expect(specOf({ ...kDraft, type: "ALGO_TYPE_VWAP", jitterPercent: "20" }, "paper")).toMatchObject({ volume_curve: ["1", "2", "3"], jitter_ratio: "0.2" });
  expect(specOf({ ...kDraft, type: "ALGO_TYPE_POV", jitterPercent: "20" }, "paper")).toEqual({ account_id: "paper", symbol: "SPY", side: "SIDE_BUY", quantity: "10", algo_type: "ALGO_TYPE_POV", duration_seconds: 150, participation_ratio: "0.1" });
  expect(specOf({ ...kDraft, type: "ALGO_TYPE_ICEBERG", minutes: "", limitPrice: "9.5" }, "paper")).toEqual({ account_id: "paper", symbol: "SPY", side: "SIDE_BUY", quantity: "10", algo_type: "ALGO_TYPE_ICEBERG", limit_price: "9.5", display_quantity: "2" });
});
