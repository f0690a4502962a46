import { duration } from "./time";

export interface Gate {
  name: string;
  passed: boolean;
  observed: string;
  required: string;
  detail: string;
}
export interface StageChange {
  number: string | number;
  from: string;
  to: string;
  time: string;
  actor: string;
  reason: string;
}
export interface GraduationPlan {
  minimum_trades: number;
  minimum_days: number;
  backtest_drawdown_ratio?: number | null;
  backtest_mean_return?: number | null;
  backtest_return_deviation?: number | null;
  backtest: string;
  drawdown_band: number;
  demotion_band: number;
  significance: number;
  slippage_bps_max: number;
  canary_ratio?: string | null;
}
export interface Graduation {
  deployment_id: string;
  stage: string;
  plan: GraduationPlan;
  evidence?: { trades: string | number; days: number; drawdown_ratio: number; withheld_orders: string | number } | null;
  since_time?: string | null;
  changes?: StageChange[];
  gates?: Gate[];
  ready: boolean;
}

export const kStages = ["STAGE_PAPER", "STAGE_SHADOW", "STAGE_CANARY", "STAGE_LIVE"] as const;
const kWords: Record<string, string> = { STAGE_PAPER: "Paper", STAGE_SHADOW: "Shadow", STAGE_CANARY: "Canary", STAGE_LIVE: "Live" };
export const stageName = (stage: string): string => kWords[stage] ?? "–";

/** What the stage does, for people. */
export function stageMeaning(stage: string, canaryRatio: string | null | undefined): string {
  if (stage === "STAGE_SHADOW") return "decides and sends nothing";
  if (stage === "STAGE_CANARY") return `trades ${Number(canaryRatio ?? "0.1") * 100} % of its size`;
  return stage === "STAGE_LIVE" ? "trades its whole size with real money" : "trades its whole size with simulated money";
}

export function nextStage(stage: string): string | null {
  const at = kStages.indexOf(stage as (typeof kStages)[number]);
  return at < 0 || at + 1 >= kStages.length ? null : kStages[at + 1]!;
}
export function lowerStages(stage: string): string[] {
  return kStages.slice(0, Math.max(0, kStages.indexOf(stage as (typeof kStages)[number])));
}

/** A gate's detail for people: the plan's names are those of the form. */
export function gateDetail(gate: Gate): string {
  return gate.detail
    .replace("the plan has no backtest_drawdown_ratio", "what has to hold says nothing of the backtest's deepest fall")
    .replace("the plan has no backtest_mean_return and backtest_return_deviation", "what has to hold says nothing of the returns of the backtest's trades");
}

/** "5 of 7 gates hold; trades: 3, required at least 30". */
export function gateWords(gates: readonly Gate[] | undefined): string {
  if (!gates || gates.length === 0) return "there is no further stage";
  const missing = gates.filter((g) => !g.passed);
  const first = missing[0];
  const held = `${gates.length - missing.length} of ${gates.length} gates hold`;
  return first ? `${held}; ${first.name}: ${first.observed}, required ${first.required}` : held;
}

export const inStage = (since: string | null | undefined, nowMs: number): string => (since ? duration(nowMs - Date.parse(since)) : "–");
