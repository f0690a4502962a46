import { describe, expect, it } from "vitest";
import type { EmergencyState } from "../api/types";
import { engagedIn, isScoped, noteOf, progressOf, scopeWords, statesOf, stopRequest, summaryOf, type Level, type ScopedStop, type StopScope } from "./emergency";

const state = (more: Partial<EmergencyState> = {}): EmergencyState => ({
  command: { command_id: "flatten-1", account_id: "paper", level: "EMERGENCY_LEVEL_FLATTEN", reason: "", actor: "" },
  engaged: true, done: false, halted: false, flat: false, ...more,
});

describe("the progress of an emergency command", () => {
  it("knows nothing to be done that nobody has told", () => {
    const answer = progressOf(state());
    expect(answer.done).toBe(false);
    expect(answer.steps.map((s) => s.done)).toEqual([false, false, false, false]);
    expect(answer.steps[1]!.left).toBe("not known yet");
    expect(answer.toDo).toEqual(["What it has come to is not known yet"]);
  });
  it("says what is left, and why", () => {
    const answer = progressOf(state({
      halted: true,
      progress: { orders_open: 2, positions: [{ symbol: "BTC-USD", quantity: "0.019" }, { symbol: "SOL-USD", quantity: "-10" }] },
      neighbours: [{ name: "strategy_runner", acknowledged: false, detail: "" }],
      to_do: ["2 orders in flight; the broker gateway is not connected"],
    }));
    expect(answer.steps).toEqual([
      { label: "Account halted", done: true, left: "waiting" },
      { label: "Working orders cancelled", done: false, left: "2 left" },
      { label: "Deployments stopped", done: false, left: "the strategy runner has not acknowledged" },
      { label: "Positions closed", done: false, left: "0.019 BTC-USD, -10 SOL-USD" },
    ]);
    expect(answer.toDo).toEqual(["2 orders in flight; the broker gateway is not connected"]);
  });
  it("is not flat because nothing is shown as held", () => {
    const answer = progressOf(state({ halted: true, progress: { orders_open: 0, positions: [] } }));
    expect(answer.done).toBe(false);
    expect(answer.steps.at(-1)).toEqual({ label: "Positions closed", done: false, left: "to be seen at the venue" });
  });
  it("has the steps of its level", () => {
    const halt = { ...state().command, level: "EMERGENCY_LEVEL_HALT" };
    expect(progressOf(state({ command: halt })).steps.map((s) => s.label)).toEqual(["Account halted"]);
  });
  it("is one line for the banner", () => {
    expect(summaryOf(state({ to_do: ["order_management has not acknowledged"] }))).toBe("Emergency stop goes on by itself: Order management has not acknowledged");
    expect(summaryOf(state({ command: { ...state().command, reason: "a fat finger" } }))).toContain("Emergency stop (a fat finger) goes on by itself");
    expect(summaryOf(state({ done: true, flat: true }))).toContain("flat");
  });
  it("is of the account that is looked at, until somebody has taken it back", () => {
    expect(engagedIn([state()], "other")).toBeNull();
    expect(engagedIn([state({ engaged: false })], "paper")).toBeNull();
    expect(engagedIn(undefined, "paper")).toBeNull();
    expect(engagedIn([state()], "paper")).not.toBeNull();
  });
});

describe("a press of a scope", () => {
  it("goes where its scope is known", () => {
    const press = (kind: StopScope["kind"], id: string, level: Level) => stopRequest({ kind, id }, level, "paper", "why");
    expect(press("account", "", "STOP")).toEqual({ path: "/api/trading/emergency-stop", body: { account_id: "paper", reason: "why", close_positions: true } });
    expect(press("account", "", "K1")).toEqual({ path: "/api/live/emergency", body: { level: "K1", account_id: "paper", reason: "why" } });
    expect(press("deployment", "d", "STOP")).toEqual({ path: "/api/live/emergency", body: { level: "K3", account_id: "paper", deployment_id: "d", reason: "why" } });
    expect(press("venue", "kraken", "K2")).toEqual({ path: "/api/live/emergency/all", body: { level: "K2", broker: "kraken", reason: "why" } });
    expect(press("everything", "", "STOP")).toEqual({ path: "/api/live/emergency/all", body: { level: "K3", reason: "why" } });
  });
  it("is told in words, and answered by account or by what was counted", () => {
    expect([scopeWords({ kind: "venue", id: "kraken" }, "p"), scopeWords({ kind: "account", id: "" }, "p"), scopeWords({ kind: "everything", id: "" }, "p")]).toEqual(["venue kraken", "account p", "every account"]);
    const one = { command: { command_id: "halt-1" } } as EmergencyState;
    expect(statesOf(one)).toEqual([one]);
    expect([statesOf({ emergencies: [one], done: true, note: "n" }), noteOf({ emergencies: [], done: true, note: "n" })]).toEqual([[one], "n"]);
    expect([isScoped(one), isScoped({ proof: {} } as ScopedStop)]).toEqual([false, true]);
  });
});
