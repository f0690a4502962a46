import type { EquityPoint, Summary } from "../api/types";

/**
 * One account's curve: stored points, then newer ones from the stream, then what the account is worth now. Oldest first.
 * Points later than the market's own time (`until`) are not of this market: one taken by the clock on the wall, before a
 * replay said what time it is, would otherwise stretch its curve over years and end it there.
 */
export function equityCurve(stored: readonly EquityPoint[], streamed: readonly EquityPoint[], summary: Summary | undefined, until = Number.POSITIVE_INFINITY): EquityPoint[] {
  const curve = stored.filter((point) => Date.parse(point.time) <= until);
  const add = (point: EquityPoint) => {
    const last = curve[curve.length - 1];
    const step = last ? Date.parse(point.time) - Date.parse(last.time) : 1;
    if (step > 0) curve.push(point);
    else if (step === 0) curve[curve.length - 1] = point;
  };
  for (const point of streamed) if (Date.parse(point.time) <= until) add(point);
  if (summary?.equity && summary.update_time) add({ time: summary.update_time, equity: summary.equity, cash: summary.cash });
  return curve;
}
