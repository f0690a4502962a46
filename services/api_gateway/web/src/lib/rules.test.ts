import { describe, expect, it } from "vitest";
import { byMetric, metricNames, type RuleStrategy } from "./rules";

const one = (name: string, metrics: Record<string, string>): RuleStrategy => ({
  strategy_id: `rule:${name}@1`, name, version: 1, actor: "", create_time: "", metrics, archived: false, display_name: "", description: "",
});
const all = [one("a", { sharpe: "9" }), one("b", {}), one("c", { sharpe: "10.5", return: "0.2" }), one("d", { sharpe: "-1" })];

describe("the catalogue of rules", () => {
  it("names each metric once, in order", () => {
    expect(metricNames(all)).toEqual(["return", "sharpe"]);
  });
  it("has the greatest first, as a number, and what has none last", () => {
    expect(byMetric(all, "sharpe").map((r) => r.name)).toEqual(["c", "a", "d", "b"]);
    expect(byMetric(all, "").map((r) => r.name)).toEqual(["a", "b", "c", "d"]);
  });
});
