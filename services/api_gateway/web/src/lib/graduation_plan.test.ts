import { describe, expect, it } from "vitest";
import type { RunReport } from "./backtests";
import { kUsualPlan, planDraftOf, planFromReport, planOf, planProblems, type PlanDraft } from "./graduation_plan";
import type { GraduationPlan } from "./stages";

const kStored: GraduationPlan = {
  minimum_trades: 30, minimum_days: 5, backtest: "B-3", backtest_drawdown_ratio: 0.07, backtest_mean_return: -0.0011, backtest_return_deviation: 0.02, drawdown_band: 1.5,
  demotion_band: 2, significance: 0.05, slippage_bps_max: 10, canary_ratio: "0.1",
};
const kDraft: PlanDraft = planDraftOf(kStored);

describe("a plan of graduation", () => {
  it("is shown in per cent and goes there and back", () => {
    expect(kDraft).toMatchObject({ trades: "30", backtestDrawdown: "7", backtestMean: "-0.11", backtestDeviation: "2", significance: "5", canary: "10" });
    expect(planProblems(kDraft)).toEqual({});
    expect(planOf(kDraft)).toEqual(kStored);
  });
  it("names the field that is wrong, and what is expected", () => {
    const of = (part: Partial<PlanDraft>) => planProblems({ ...kDraft, ...part });
    expect(of({ trades: "0" })).toEqual({ trades: "1 to 100000" });
    expect(of({ trades: "2.5" })).toEqual({ trades: "A whole number" });
    expect(of({ canary: "0" })).toEqual({ canary: "Above 0, at most 100" });
    expect(of({ significance: "x" })).toEqual({ significance: "0.1 to 50" });
    expect(of({ demotionBand: "1.2" })).toEqual({ demotionBand: "Not below the 1.5 that a draw-down may be" });
    expect(of({ backtestMean: "" })).toEqual({ backtestMean: "Mean and deviation go together" });
    expect(of({ backtestDeviation: "" })).toEqual({ backtestDeviation: "Mean and deviation go together" });
  });
  it("leaves to the server what was emptied", () => {
    const empty = { ...kDraft, trades: "", days: "", slippage: "", drawdownBand: "", demotionBand: "", significance: "", canary: "", backtestDrawdown: "", backtestMean: "", backtestDeviation: "" };
    expect(planProblems(empty)).toEqual({});
    expect(planOf(empty)).toEqual({ backtest: "B-3", canary_ratio: "0.1" });
    expect(kUsualPlan).toMatchObject({ trades: "30", days: "5", canary: "10", backtestMean: "" });
  });
  it("takes a backtest's figures from its report", () => {
    const trade = (profit: string) => ({ profit, quantity: "10", entry_price: "100" });
    const report = { statistics: { drawdown_ratio: 0.0432 }, trades: [trade("10"), trade("-10"), trade("30")] } as unknown as RunReport;
    // 1 %, -1 %, 3 %: mean 1 %, deviation 2 %.
    expect(planFromReport("B-9", report)).toEqual({ backtest: "B-9", backtestDrawdown: "4.32", backtestMean: "1", backtestDeviation: "2" });
    expect(planFromReport("B-9", { ...report, trades: [] })).toMatchObject({ backtestMean: "", backtestDeviation: "" });
  });
});
