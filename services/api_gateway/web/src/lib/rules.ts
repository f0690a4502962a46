import * as decimal from "./decimal";

export interface RuleStrategy {
  strategy_id: string;
  name: string;
  version: number;
  text?: string;
  actor: string;
  create_time: string;
  metrics: Record<string, string>;
  archived: boolean;
  display_name: string;
  description: string;
}

/** Every metric that somebody gave, in the order of the alphabet. */
export function metricNames(all: readonly RuleStrategy[]): string[] {
  return [...new Set(all.flatMap((one) => Object.keys(one.metrics)))].sort();
}

/** The greatest first, those without the metric last; without a metric as they came. */
export function byMetric(all: readonly RuleStrategy[], name: string): RuleStrategy[] {
  if (name === "") return [...all];
  return [...all].sort((a, b) => {
    const left = a.metrics[name], right = b.metrics[name];
    if (left === undefined || right === undefined) return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0);
    return decimal.compare(right, left);
  });
}
