// What protects a position, in words. Pure.
import type { Protection, StopPolicy } from "../api/types";
import * as decimal from "./decimal";
import { bare } from "./words";

export type Tone = "good" | "bad" | "warn" | "quiet";

const kStates: Record<string, { text: string; tone: Tone; rank: number }> = {
  NONE: { text: "none", tone: "quiet", rank: 1 },
  LIVE: { text: "live", tone: "good", rank: 0 },
  ARMING: { text: "arming", tone: "warn", rank: 2 },
  SUSPENDED: { text: "suspended", tone: "warn", rank: 3 },
  FLATTENING: { text: "closing", tone: "bad", rank: 4 },
  MISSING: { text: "MISSING", tone: "bad", rank: 5 },
};
export const stateOf = (protection: Pick<Protection, "state">) => kStates[bare(protection.state, "PROTECTION_STATE_")] ?? { text: "not known", tone: "warn" as Tone, rank: 2 };

/** Of several books of one instrument, the one that a person has to know of first. */
export function worst(protections: readonly Protection[]): Protection | undefined {
  return [...protections].sort((a, b) => stateOf(b).rank - stateOf(a).rank)[0];
}

/** "0.02" to "2" per cent, for a form. */
export const percentOf = (ratio: string | null | undefined): string => (ratio && decimal.parse(ratio) !== null ? decimal.normalise(decimal.multiply(ratio, "100")) : "");
/** "2" per cent to "0.02"; null: no number above 0 and below 100. */
export function ratioOf(percent: string): string | null {
  if (decimal.parse(percent) === null || decimal.sign(percent) <= 0 || decimal.compare(percent, "100") >= 0) return null;
  return decimal.normalise(decimal.multiply(percent, "0.01"));
}

export function policyWords(policy: StopPolicy | null | undefined): string {
  if (!policy) return "no policy";
  if (policy.off) return "off";
  const parts = [
    policy.stop_loss_ratio && `stop ${percentOf(policy.stop_loss_ratio)} %`,
    policy.trailing_ratio && `trailing ${percentOf(policy.trailing_ratio)} %`,
    policy.take_profit_ratio && `target ${percentOf(policy.take_profit_ratio)} %`,
  ].filter(Boolean);
  return parts.join(", ") || "no policy";
}
