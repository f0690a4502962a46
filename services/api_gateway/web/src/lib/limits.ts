import type { EffectiveLimit } from "../api/types";
import * as decimal from "./decimal";

/** The account's own, without any override. */
export function isOwnLimit(limit: EffectiveLimit, accountId: string): boolean {
  return limit.scope === `account ${accountId}`;
}

/** As the other limits are shown: per cent for a share, a word for yes or no. */
export function effectiveText(limit: EffectiveLimit, kind: string): string {
  if (kind === "yes" || limit.name === "restricted") return decimal.sign(limit.value) > 0 ? "yes" : "no";
  if (kind === "ratio") return `${decimal.format(decimal.percentFromRatio(limit.value))} %`;
  return decimal.format(limit.value);
}
