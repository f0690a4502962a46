import { describe, expect, it } from "vitest";
import type { DeploymentSpec, Strategy } from "../api/types";
import { draftOf, draftProblems, kFreshDraft, kNoLimit, specOf, type DeploymentDraft } from "./deployment_draft";

const kEma: Strategy = {
  strategy_id: "ema_cross", display_name: "EMA cross", description: "",
  parameters: [{ name: "fast", description: "", default_value: "10", minimum: "1", maximum: "100" }, { name: "slow", description: "", default_value: "20", minimum: "2", maximum: "500" }],
};
const kOne: DeploymentDraft = { ...kFreshDraft, strategyId: "ema_cross", symbols: ["SPY"] };

describe("a draft of a deployment", () => {
  it("has the usual defaults and asks for a symbol only", () => {
    expect(draftProblems(kFreshDraft)).toEqual({ symbols: "At least one symbol" });
    expect(draftProblems(kOne)).toEqual({});
    expect(specOf(kOne, kEma, "paper")).toMatchObject({
      account_id: "paper", parameters: { fast: "10", slow: "20" }, position_size_ratio: "0.02", stop_loss_ratio: "0.02", take_profit_ratio: "0.05",
      daily_loss_ratio: "0.01", drawdown_ratio: "0.05", max_open_positions: 3, allow_short: false,
    });
    expect(specOf(kOne, kEma, "paper")).not.toHaveProperty("sizing");
    expect(specOf(kOne, kEma, "paper")).not.toHaveProperty("schedule");
  });
  it("names what cannot be", () => {
    expect(Object.keys(draftProblems({ ...kOne, size: "0", stop: "x", maximum: "99", start: "09:30", confirmFrame: "1s" })).sort()).toEqual(["confirmFrame", "end", "maximum", "size", "stop"]);
    expect(draftProblems({ ...kOne, sizing: "RISK_PER_TRADE", stop: "" }).sizing).toContain("stop loss");
    expect(draftProblems({ ...kOne, sizing: "KELLY", kellyFraction: "2" })).toHaveProperty("kellyFraction");
    // Only what the method asks for is looked at.
    expect(draftProblems({ ...kOne, sizing: "FIXED_FRACTION", kellyFraction: "2" })).toEqual({});
  });
  it("says the usual limit where one is emptied, and none only where a person says so", () => {
    const named: DeploymentDraft = { ...kOne, name: "N", parameters: { fast: "10", slow: "20" } };
    expect(specOf({ ...named, dailyLoss: "", drawdown: "" }, kEma, "paper")).toMatchObject({ daily_loss_ratio: "0.01", drawdown_ratio: "0.05" });
    const off: DeploymentDraft = { ...named, dailyLoss: kNoLimit, drawdown: kNoLimit };
    expect(draftProblems(off)).toEqual({});
    expect(specOf(off, kEma, "paper")).toMatchObject({ daily_loss_ratio: "0", drawdown_ratio: "0" });
    expect(draftOf(specOf(off, kEma, "paper") as unknown as DeploymentSpec)).toEqual(off);
    // What the server keeps of it says nothing.
    const { daily_loss_ratio: _, drawdown_ratio: __, ...kept } = specOf(off, kEma, "paper");
    expect(draftOf(kept as unknown as DeploymentSpec)).toEqual(off);
  });
  it("goes there and back", () => {
    const full: DeploymentDraft = {
      ...kOne, name: "Mine", sides: "SHORT_ONLY", trailing: "3", capital: "50", sizing: "CONSENSUS", members: ["KELLY", "RISK_PER_TRADE"], consensus: "MINIMUM",
      kellyPrior: "11", riskPercent: "0.5", days: ["MON", "FRI"], start: "09:30", end: "16:00", zone: "America/New_York", closeBefore: "5",
      confirmFrame: "1h", confirmPeriods: "30", waitForOpen: true, parameters: { fast: "5", slow: "20" },
    };
    expect(draftProblems(full)).toEqual({});
    expect(draftOf(specOf(full, kEma, "paper") as unknown as DeploymentSpec)).toEqual(full);
    const atr: DeploymentDraft = { ...kOne, name: "A", sizing: "VOLATILITY_TARGET", volatilityMeasure: "ATR", volatilityPeriods: "21", stop: "", parameters: { fast: "5", slow: "20" } };
    expect(draftOf(specOf(atr, kEma, "paper") as unknown as DeploymentSpec)).toEqual(atr);
  });
});
