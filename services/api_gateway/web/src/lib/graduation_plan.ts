// What has to hold before a deployment's next stage, as a person fills it in: shares as per cent. Pure.
import * as decimal from "./decimal";
import type { RunReport } from "./backtests";
import type { GraduationPlan } from "./stages";

export interface PlanDraft {
  trades: string;
  days: string;
  /** Of the backtest, in per cent; empty: not known. */
  backtestDrawdown: string;
  backtestMean: string;
  backtestDeviation: string;
  /** "B-12", or what a person calls it. */
  backtest: string;
  drawdownBand: string;
  demotionBand: string;
  significance: string;
  slippage: string;
  canary: string;
}
export type PlanField = keyof PlanDraft;

interface Entry {
  field: PlanField;
  label: string;
  /** Behind the figure. */
  unit: string;
  /** What it decides. */
  hint: string;
  /** The server's own; none: it may stay empty. */
  usual?: string;
  least: string;
  most: string;
  /** The least itself will not do. */
  above?: boolean;
  whole?: boolean;
}
export const kPlanGroups: readonly { title: string; fields: readonly Entry[] }[] = [
  {
    title: "Shown in the present stage",
    fields: [
      { field: "trades", label: "Closed trades, at least", unit: "", hint: "the return is tested on them", usual: "30", least: "1", most: "100000", whole: true },
      { field: "days", label: "Days with a decision, at least", unit: "", hint: "", usual: "5", least: "1", most: "1000", whole: true },
      { field: "slippage", label: "Slippage of entries, at most", unit: "bp", hint: "against the quote at the decision, in the mean", usual: "10", least: "0", most: "1000", above: true },
    ],
  },
  {
    title: "Against its backtest",
    fields: [
      { field: "backtestDrawdown", label: "Deepest fall of the backtest", unit: "%", hint: "empty: no stage is left", least: "0", most: "100" },
      { field: "drawdownBand", label: "Draw-down, at most", unit: "× the backtest's", hint: "", usual: "1.5", least: "0.1", most: "10" },
      { field: "demotionBand", label: "Goes back a stage beyond", unit: "× the backtest's", hint: "by itself, with an alert; not below the band", usual: "2", least: "0.1", most: "20" },
      { field: "backtestMean", label: "Mean return of its trades", unit: "%", hint: "empty: returns are not compared", least: "-1000", most: "1000" },
      { field: "backtestDeviation", label: "Standard deviation of those", unit: "%", hint: "goes with the mean", least: "0", most: "1000" },
      { field: "significance", label: "Level of the return's test", unit: "%", hint: "one-sided: how often a good one is held back by chance", usual: "5", least: "0.1", most: "50" },
    ],
  },
  {
    title: "As a canary",
    fields: [{ field: "canary", label: "Part of its size that is traded", unit: "%", hint: "in whole lots", usual: "10", least: "0", most: "100", above: true }],
  },
];
const kEntries: readonly Entry[] = kPlanGroups.flatMap((group) => group.fields);
export const kUsualPlan: Readonly<Record<string, string>> = Object.fromEntries(kEntries.map((e) => [e.field, e.usual ?? ""]));

const shown = (value: number | null | undefined, factor: number): string => {
  if (value === null || value === undefined) return "";
  // A share of 0.07 is 7, not 7.000000000000001.
  return String(Number((value * factor).toPrecision(12)));
};

export function planDraftOf(plan: GraduationPlan): PlanDraft {
  return {
    trades: String(plan.minimum_trades), days: String(plan.minimum_days), slippage: shown(plan.slippage_bps_max, 1),
    backtestDrawdown: shown(plan.backtest_drawdown_ratio, 100), backtestMean: shown(plan.backtest_mean_return, 100),
    backtestDeviation: shown(plan.backtest_return_deviation, 100), backtest: plan.backtest, drawdownBand: shown(plan.drawdown_band, 1),
    demotionBand: shown(plan.demotion_band, 1), significance: shown(plan.significance, 100), canary: plan.canary_ratio ? decimal.percentFromRatio(plan.canary_ratio) : kUsualPlan["canary"]!,
  };
}

/** What cannot be stored as it is, by field. */
export function planProblems(draft: PlanDraft): Partial<Record<PlanField, string>> {
  const out: Partial<Record<PlanField, string>> = {};
  for (const entry of kEntries) {
    const text = draft[entry.field];
    if (text === "") continue;
    const outside = decimal.parse(text) === null || decimal.compare(text, entry.least) < 0 || decimal.compare(text, entry.most) > 0 || (entry.above && decimal.compare(text, entry.least) === 0);
    if (outside) out[entry.field] = `${entry.above ? `Above ${entry.least}, at most` : `${entry.least} to`} ${entry.most}`;
    else if (entry.whole && !/^\d+$/.test(text)) out[entry.field] = "A whole number";
  }
  const band = draft.drawdownBand || kUsualPlan["drawdownBand"]!;
  const demotion = draft.demotionBand || kUsualPlan["demotionBand"]!;
  if (!out.drawdownBand && !out.demotionBand && decimal.compare(demotion, band) < 0) out.demotionBand = `Not below the ${band} that a draw-down may be`;
  if ((draft.backtestMean === "") !== (draft.backtestDeviation === "")) out[draft.backtestMean === "" ? "backtestMean" : "backtestDeviation"] ??= "Mean and deviation go together";
  if (draft.backtest.length > 100) out.backtest = "At most 100 letters";
  return out;
}

/** As the API takes it; what is empty is the server's usual, or not known. */
export function planOf(draft: PlanDraft): Record<string, unknown> {
  const number = (name: string, text: string, factor = 1) => (text === "" ? {} : { [name]: Number((Number(text) * factor).toPrecision(12)) });
  return {
    ...number("minimum_trades", draft.trades), ...number("minimum_days", draft.days), ...number("slippage_bps_max", draft.slippage),
    ...number("backtest_drawdown_ratio", draft.backtestDrawdown, 0.01), ...number("backtest_mean_return", draft.backtestMean, 0.01),
    ...number("backtest_return_deviation", draft.backtestDeviation, 0.01), ...number("drawdown_band", draft.drawdownBand), ...number("demotion_band", draft.demotionBand),
    ...number("significance", draft.significance, 0.01), canary_ratio: decimal.ratioFromPercent(draft.canary || kUsualPlan["canary"]!), backtest: draft.backtest,
  };
}

/** What a run's report says of itself: its deepest fall, and mean and deviation of its trades' returns on what they cost. */
export function planFromReport(id: string, report: Pick<RunReport, "statistics" | "trades">): Partial<PlanDraft> {
  const returns = report.trades.map((t) => Number(t.profit) / (Number(t.quantity) * Number(t.entry_price))).filter(Number.isFinite);
  const mean = returns.reduce((sum, r) => sum + r, 0) / returns.length;
  const variance = returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (returns.length - 1);
  const percent = (value: number) => String(Number((100 * value).toPrecision(4)));
  return {
    backtest: id, backtestDrawdown: percent(report.statistics.drawdown_ratio),
    ...(returns.length > 1 ? { backtestMean: percent(mean), backtestDeviation: percent(Math.sqrt(variance)) } : { backtestMean: "", backtestDeviation: "" }),
  };
}
