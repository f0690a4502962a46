// How large an entry may be: what is asked of the preview and how its answer is read. Pure.
import * as decimal from "./decimal";
import { sentence } from "./words";

/** By the risk at a stop, for an amount of money, or by every method. */
export type SizeBy = "RISK" | "MONEY" | "METHODS";

export interface SizeDraft {
  by: SizeBy;
  /** Per cent of the equity that may be lost at the stop. */
  riskPercent: string;
  money: string;
  stop: string;
}
export interface SizingCap {
  name: string;
  quantity: string;
}
export interface SizingResult {
  method: string;
  name: string;
  quantity: string;
  notional: string;
  loss_at_stop?: string | null;
  inputs: Record<string, string>;
  caps: SizingCap[];
  refusal: string;
}
export interface SizingPreview {
  results: SizingResult[];
  price: string;
  equity: string;
  currency: string;
}

export const kFreshSize: SizeDraft = { by: "RISK", riskPercent: "1", money: "", stop: "" };

const isPositive = (text: string) => decimal.parse(text) !== null && decimal.sign(text) > 0;

/** Why it cannot be asked yet; nothing when it can. */
export function sizeProblem(draft: SizeDraft): string | undefined {
  if (draft.stop !== "" && !isPositive(draft.stop)) return "The stop is a positive price";
  if (draft.by === "MONEY") return isPositive(draft.money) ? undefined : "An amount of money, for example 2500";
  if (draft.by === "METHODS") return undefined;
  if (!isPositive(draft.riskPercent) || decimal.compare(draft.riskPercent, "20") > 0) return "Above 0 and at most 20 per cent";
  return draft.stop === "" ? "A stop price to measure the risk to" : undefined;
}

export function sizeBody(draft: SizeDraft, entry: { accountId: string; symbol: string; side: "BUY" | "SELL"; price: string }): Record<string, unknown> {
  return {
    account_id: entry.accountId,
    symbol: entry.symbol,
    side: `SIDE_${entry.side}`,
    ...(entry.price !== "" ? { price: entry.price } : {}),
    ...(draft.stop !== "" ? { stop_price: draft.stop } : {}),
    ...(draft.by === "MONEY" ? { money: draft.money } : {}),
    ...(draft.by === "RISK" ? { method: "SIZING_METHOD_RISK_PER_TRADE", sizing: { risk_ratio: decimal.normalise(decimal.divide(draft.riskPercent, "100", 8) ?? "0") } } : {}),
  };
}

/** What held the quantity down, or why there is none; empty when nothing did. */
export function sizeNote(result: SizingResult): string {
  if (result.refusal !== "") return result.refusal;
  const last = result.caps.at(-1);
  if (last) return `cut by ${sentence(last.name).toLowerCase()}`;
  return result.inputs["instead"] ? `as ${result.inputs["instead"].replaceAll("_", " ")}` : "";
}
