// What a person fills in to deploy or to backtest a strategy, and the settings of the API it stands for. Pure.
import type { DeploymentSpec, Strategy } from "../api/types";
import * as decimal from "./decimal";

export const kTimeframes = ["1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"] as const;
export const kDays = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"] as const;

/** Names of the API without SIZING_METHOD_, and what they do. */
export const kSizings: readonly [string, string][] = [
  ["", "Fixed fraction, refused above the limits"],
  ["FIXED_FRACTION", "Fixed fraction, cut to the limits"],
  ["RISK_PER_TRADE", "Risk per trade"],
  ["KELLY", "Fractional Kelly"],
  ["VOLATILITY_TARGET", "Volatility target"],
  ["RISK_PARITY", "Risk parity"],
  ["CONSENSUS", "Consensus of methods"],
];
export const kVoters = kSizings.map(([name]) => name).filter((name) => name !== "" && name !== "CONSENSUS");

/** In place of a loss limit: there is none, and a person has said so. An emptied field is the usual limit. */
export const kNoLimit = "off";
/** Per cent, as the server's own for a deployment that is being made. */
export const kUsualLimits = { dailyLoss: "1", drawdown: "5" } as const;

/** Every field is what was typed; per cent are typed as per cent. */
export interface DeploymentDraft {
  strategyId: string;
  name: string;
  symbols: readonly string[];
  timeframe: string;
  parameters: Readonly<Record<string, string>>;
  size: string;
  stop: string;
  target: string;
  trailing: string;
  maximum: string;
  sides: string;
  sizing: string;
  riskPercent: string;
  kellyFraction: string;
  kellyCapPercent: string;
  kellyPrior: string;
  kellyMinimum: string;
  volatilityPercent: string;
  volatilityMeasure: string;
  volatilityDecay: string;
  volatilityPeriods: string;
  members: readonly string[];
  consensus: string;
  dailyLoss: string;
  drawdown: string;
  capital: string;
  days: readonly string[];
  start: string;
  end: string;
  zone: string;
  closeBefore: string;
  confirmFrame: string;
  confirmPeriods: string;
  waitForOpen: boolean;
}

export const kFreshDraft: DeploymentDraft = {
  strategyId: "", name: "", symbols: [], timeframe: "1m", parameters: {},
  size: "2", stop: "2", target: "5", trailing: "", maximum: "3", sides: "LONG_ONLY",
  sizing: "", riskPercent: "1", kellyFraction: "0.25", kellyCapPercent: "10", kellyPrior: "30", kellyMinimum: "20",
  volatilityPercent: "0.1", volatilityMeasure: "EWMA", volatilityDecay: "0.94", volatilityPeriods: "14", members: [], consensus: "MEDIAN",
  dailyLoss: "1", drawdown: "5", capital: "",
  days: [], start: "", end: "", zone: "INSTRUMENT", closeBefore: "0",
  confirmFrame: "", confirmPeriods: "20", waitForOpen: false,
};

type Problems = Partial<Record<keyof DeploymentDraft, string>>;

const isPercent = (text: string, most: string) => decimal.ratioFromPercent(text) !== null && decimal.sign(text) > 0 && decimal.compare(text, most) <= 0;
const isNumber = (text: string, most: string) => decimal.parse(text) !== null && decimal.sign(text) > 0 && decimal.compare(text, most) <= 0;
const isCount = (text: string, least: number, most: number) => /^\d{1,4}$/.test(text) && Number(text) >= least && Number(text) <= most;
const seconds = (frame: string) => ({ "1s": 1, "5s": 5, "15s": 15, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400 })[frame] ?? 0;

/** What cannot be sent as it is, by field; the server has the last word. */
export function draftProblems(draft: DeploymentDraft): Problems {
  const out: Problems = {};
  const percent = (field: "size" | "stop" | "target" | "trailing" | "dailyLoss" | "drawdown" | "capital", most: string, optional: boolean) => {
    if (optional && (draft[field] === "" || draft[field] === kNoLimit)) return;
    if (!isPercent(draft[field], most)) out[field] = `Per cent above 0, at most ${most}`;
  };
  percent("size", "100", false);
  percent("stop", "99", true);
  percent("target", "1000", true);
  percent("trailing", "99", true);
  percent("dailyLoss", "100", true);
  percent("drawdown", "100", true);
  percent("capital", "100", true);
  if (!isCount(draft.maximum, 1, 50)) out.maximum = "1 to 50";
  if (draft.symbols.length === 0) out.symbols = "At least one symbol";
  if (uses(draft, "RISK_PER_TRADE")) {
    if (!isPercent(draft.riskPercent, "20")) out.riskPercent = "Per cent above 0, at most 20";
    if (draft.stop === "" && draft.trailing === "") out.sizing = "Risk per trade needs a stop loss or a trailing stop";
  }
  if (uses(draft, "KELLY")) {
    if (!isNumber(draft.kellyFraction, "1")) out.kellyFraction = "Above 0, at most 1";
    if (!isPercent(draft.kellyCapPercent, "100")) out.kellyCapPercent = "Per cent above 0";
    if (!isCount(draft.kellyPrior, 0, 1000)) out.kellyPrior = "0 to 1000";
    if (!isCount(draft.kellyMinimum, 0, 1000)) out.kellyMinimum = "0 to 1000";
  }
  if (uses(draft, "VOLATILITY_TARGET") || uses(draft, "RISK_PARITY")) {
    if (!isPercent(draft.volatilityPercent, "100")) out.volatilityPercent = "Per cent above 0";
    if (draft.volatilityMeasure === "ATR" ? !isCount(draft.volatilityPeriods, 2, 500) : !isNumber(draft.volatilityDecay, "0.9999")) out[draft.volatilityMeasure === "ATR" ? "volatilityPeriods" : "volatilityDecay"] = draft.volatilityMeasure === "ATR" ? "2 to 500" : "Above 0, below 1";
  }
  const time = /^([01]\d|2[0-3]):[0-5]\d$/;
  if ((draft.start === "") !== (draft.end === "")) out.end = "Both times, or neither";
  else if (draft.start !== "" && !time.test(draft.start)) out.start = "A time like 09:30";
  else if (draft.end !== "" && !time.test(draft.end)) out.end = "A time like 16:00";
  if (!isCount(draft.closeBefore, 0, 1440)) out.closeBefore = "Minutes, 0 for never";
  if (draft.confirmFrame !== "") {
    if (seconds(draft.confirmFrame) <= seconds(draft.timeframe)) out.confirmFrame = "A longer timeframe than the strategy's";
    if (!isCount(draft.confirmPeriods, 2, 500)) out.confirmPeriods = "2 to 500";
  }
  return out;
}

/** The method itself, or one that the consensus may ask. */
export function uses(draft: DeploymentDraft, method: string): boolean {
  return draft.sizing === method || (draft.sizing === "CONSENSUS" && (draft.members.length === 0 || draft.members.includes(method)));
}

const hasSchedule = (draft: DeploymentDraft) => draft.days.length > 0 || draft.start !== "" || draft.closeBefore !== "0";

/** As the API takes it. What was left empty is left out, but for the loss limits: they are said, so that a backtest and a deployment, a new
 * one and one that is changed, all get the same. */
export function specOf(draft: DeploymentDraft, strategy: Strategy, accountId: string): Record<string, unknown> {
  const ratio = (name: string, text: string) => (text === "" ? {} : { [name]: decimal.ratioFromPercent(text) });
  return {
    strategy_id: strategy.strategy_id,
    parameters: Object.fromEntries(strategy.parameters.map((p) => [p.name, draft.parameters[p.name] ?? p.default_value])),
    account_id: accountId,
    symbols: draft.symbols,
    timeframe: draft.timeframe,
    ...ratio("position_size_ratio", draft.size),
    ...ratio("stop_loss_ratio", draft.stop),
    ...ratio("take_profit_ratio", draft.target),
    ...ratio("trailing_stop_ratio", draft.trailing),
    daily_loss_ratio: limitOf(draft, "dailyLoss"),
    drawdown_ratio: limitOf(draft, "drawdown"),
    ...ratio("capital_ratio", draft.capital),
    max_open_positions: Number(draft.maximum),
    allow_short: draft.sides !== "LONG_ONLY",
    ...(draft.sides === "SHORT_ONLY" ? { sides: "DEPLOYMENT_SIDES_SHORT_ONLY" } : {}),
    display_name: draft.name || strategy.display_name,
    ...(draft.sizing === "" ? {} : { sizing: sizingOf(draft) }),
    ...(hasSchedule(draft) ? { schedule: { time_zone: draft.zone, days: draft.days, start_time: draft.start, end_time: draft.end, close_before_end_minutes: Number(draft.closeBefore) } } : {}),
    ...(draft.confirmFrame === "" ? {} : { confirmation: { timeframe: draft.confirmFrame, periods: Number(draft.confirmPeriods) } }),
    ...(draft.waitForOpen ? { entries_wait_for_open: true } : {}),
  };
}

function limitOf(draft: DeploymentDraft, field: keyof typeof kUsualLimits): string | null {
  return draft[field] === kNoLimit ? "0" : decimal.ratioFromPercent(draft[field] || kUsualLimits[field]);
}

function sizingOf(draft: DeploymentDraft): Record<string, unknown> {
  const volatile = uses(draft, "VOLATILITY_TARGET") || uses(draft, "RISK_PARITY");
  return {
    method: `SIZING_METHOD_${draft.sizing}`,
    ...(uses(draft, "RISK_PER_TRADE") ? { risk_ratio: decimal.ratioFromPercent(draft.riskPercent) } : {}),
    ...(uses(draft, "KELLY")
      ? { kelly_fraction: draft.kellyFraction, kelly_cap_ratio: decimal.ratioFromPercent(draft.kellyCapPercent), kelly_prior_trades: Number(draft.kellyPrior), kelly_minimum_trades: Number(draft.kellyMinimum) }
      : {}),
    ...(volatile
      ? { volatility_ratio: decimal.ratioFromPercent(draft.volatilityPercent), volatility_measure: `VOLATILITY_MEASURE_${draft.volatilityMeasure}`, ...(draft.volatilityMeasure === "ATR" ? { volatility_periods: Number(draft.volatilityPeriods) } : { volatility_decay: draft.volatilityDecay }) }
      : {}),
    ...(draft.sizing === "CONSENSUS" ? { members: draft.members.map((m) => `SIZING_METHOD_${m}`), consensus: `SIZING_CONSENSUS_${draft.consensus}` } : {}),
  };
}

/** The other way: a draft that makes the same settings again. */
export function draftOf(spec: DeploymentSpec): DeploymentDraft {
  const percent = (ratio: string | null | undefined, otherwise = "") => (ratio ? decimal.percentFromRatio(ratio) : otherwise);
  const limit = (ratio: string | null | undefined) => (ratio && decimal.sign(ratio) > 0 ? decimal.percentFromRatio(ratio) : kNoLimit);
  const sizing = spec.sizing;
  const schedule = spec.schedule;
  const bare = (name: string | undefined, prefix: string) => (name ?? "").replace(prefix, "").replace("UNSPECIFIED", "");
  return {
    ...kFreshDraft,
    strategyId: spec.strategy_id,
    name: spec.display_name,
    symbols: spec.symbols,
    timeframe: spec.timeframe,
    parameters: spec.parameters ?? {},
    size: percent(spec.position_size_ratio, kFreshDraft.size),
    stop: percent(spec.stop_loss_ratio),
    target: percent(spec.take_profit_ratio),
    trailing: percent(spec.trailing_stop_ratio),
    maximum: String(spec.max_open_positions || 3),
    sides: bare(spec.sides, "DEPLOYMENT_SIDES_") || (spec.allow_short ? "BOTH" : "LONG_ONLY"),
    dailyLoss: limit(spec.daily_loss_ratio),
    drawdown: limit(spec.drawdown_ratio),
    capital: percent(spec.capital_ratio),
    ...(sizing
      ? {
          sizing: bare(sizing.method, "SIZING_METHOD_"),
          riskPercent: percent(sizing.risk_ratio, kFreshDraft.riskPercent),
          kellyFraction: sizing.kelly_fraction || kFreshDraft.kellyFraction,
          kellyCapPercent: percent(sizing.kelly_cap_ratio, kFreshDraft.kellyCapPercent),
          kellyPrior: String(sizing.kelly_prior_trades ?? kFreshDraft.kellyPrior),
          kellyMinimum: String(sizing.kelly_minimum_trades || kFreshDraft.kellyMinimum),
          volatilityPercent: percent(sizing.volatility_ratio, kFreshDraft.volatilityPercent),
          volatilityMeasure: bare(sizing.volatility_measure, "VOLATILITY_MEASURE_") || "EWMA",
          volatilityDecay: sizing.volatility_decay || kFreshDraft.volatilityDecay,
          volatilityPeriods: String(sizing.volatility_periods || kFreshDraft.volatilityPeriods),
          members: (sizing.members ?? []).map((m) => bare(m, "SIZING_METHOD_")),
          consensus: bare(sizing.consensus, "SIZING_CONSENSUS_") || "MEDIAN",
        }
      : {}),
    ...(schedule
      ? { days: (schedule.days ?? []).length === 7 ? [] : (schedule.days ?? []), start: schedule.start_time === schedule.end_time ? "" : (schedule.start_time ?? ""), end: schedule.start_time === schedule.end_time ? "" : (schedule.end_time ?? ""), zone: schedule.time_zone || "UTC", closeBefore: String(schedule.close_before_end_minutes ?? 0) }
      : {}),
    ...(spec.confirmation ? { confirmFrame: spec.confirmation.timeframe, confirmPeriods: String(spec.confirmation.periods) } : {}),
    waitForOpen: spec.entries_wait_for_open ?? false,
  };
}
