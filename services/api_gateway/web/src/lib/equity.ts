import type { EquityPoint, Summary } from "../api/types";

/** One account's curve: stored points, then newer ones from the stream, then what the account is worth now. Oldest first. */
export function equityCurve(stored: readonly EquityPoint[], streamed: readonly EquityPoint[], summary: Summary | undefined): EquityPoint[] {
  const curve = stored.slice();
  const add = (point: EquityPoint) => {
    const last = curve[curve.length - 1];
    const step = last ? Date.parse(point.time) - Date.parse(last.time) : 1;
    if (step > 0) curve.push(point);
    else if (step === 0) curve[curve.length - 1] = point;
  };
  for (const point of streamed) add(point);
  if (summary?.equity && summary.update_time) add({ time: summary.update_time, equity: summary.equity, cash: summary.cash });
  return curve;
}
