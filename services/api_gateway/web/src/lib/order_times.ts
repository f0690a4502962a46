import type { Decision, Fill } from "../api/types";

/** Market times of orders: when the strategy decided, else the first fill. `known` is returned as it is when nothing is new. */
export function withOrderTimes(known: Readonly<Record<string, string>>, fills: readonly Fill[], decisions: readonly Decision[]): Readonly<Record<string, string>> {
  const next: Record<string, string> = { ...known };
  for (const fill of fills) {
    const old = next[fill.order_id];
    if (!old || Date.parse(fill.transact_time) < Date.parse(old)) next[fill.order_id] = fill.transact_time;
  }
  for (const decision of decisions) if (decision.order_id && decision.bar_time) next[decision.order_id] = decision.bar_time;
  const same = Object.keys(next).length === Object.keys(known).length && Object.entries(next).every(([id, time]) => known[id] === time);
  return same ? known : next;
}
