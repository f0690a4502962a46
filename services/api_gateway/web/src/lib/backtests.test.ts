import { describe, expect, it } from "vitest";
import { axisCount, bestFirst, combinations, exposureOf, fallsOf, heatMap, kMetrics, metricBy, monthTable, placesOf, returnsOf, showFigure, withStreamed, type Backtest, type RunReport, type Statistics, type SweepReport } from "./backtests";

const kSweep: SweepReport = {
  by: "sharpe", notes: [],
  axes: [{ name: "fast", values: ["5", "10"] }, { name: "slow", values: ["20", "30"] }, { name: "back", values: ["1", "2"] }],
  rows: [
    { index: 0, parameters: { fast: "5", slow: "20", back: "1" }, sharpe: 1, drawdown_ratio: 0.1, trades: 4 },
    { index: 1, parameters: { fast: "5", slow: "20", back: "2" }, sharpe: 2, drawdown_ratio: 0.3, trades: 4 },
    { index: 2, parameters: { fast: "5", slow: "30", back: "1" }, sharpe: null, drawdown_ratio: 0, trades: 0 },
    { index: 3, parameters: { fast: "10", slow: "20", back: "1" }, refusal: "fast below slow" },
    { index: 4, parameters: { fast: "10", slow: "30", back: "1" }, sharpe: -1, drawdown_ratio: 0.2, trades: 9 },
  ],
};

describe("a sweep", () => {
  it("is told with decimals that tell its combinations apart", () => {
    const rows = [0.0004, -0.00002].map((value, index) => ({ index, parameters: {}, return_ratio: value, sharpe: value }));
    expect(placesOf(rows, metricBy("return"))).toBe(4);
    expect(placesOf(rows, metricBy("sharpe"))).toBe(2);
    expect(placesOf([...rows, { index: 2, parameters: {}, return_ratio: 0.01 }], metricBy("return"))).toBe(2);
    expect(showFigure(-0.00002, true, 4)).toBe("\u22120.0020%");
  });
  it("is a map of two parameters with the best of the others", () => {
    const map = heatMap(kSweep, "fast", "slow", metricBy("sharpe"));
    expect(map.xs).toEqual(["5", "10"]);
    expect(map.cells.map((line) => line.map((c) => c.value))).toEqual([[2, null], [null, -1]]);
    expect(map.cells[0]![0]).toMatchObject({ rank: 1, row: { index: 1 } });
    expect(map.cells[1]![1]!.rank).toBe(0);
    expect(map.cells[0]![1]).toMatchObject({ rank: null, row: { refusal: "fast below slow" } });
  });
  it("knows that a smaller fall is the better one", () => {
    const fall = kMetrics.find((m) => m.name === "drawdown_ratio")!;
    expect(bestFirst(kSweep.rows, fall).map((r) => r.index)).toEqual([2, 0, 4, 1, 3]);
    expect(heatMap(kSweep, "fast", "slow", fall).cells[1]![0]!.rank).toBe(1);
    expect(metricBy("drawdown")).toBe(fall);
  });
  it("is one line with one parameter", () => {
    expect(heatMap({ ...kSweep, axes: kSweep.axes.slice(0, 1) }, "fast", "", metricBy("sharpe")).cells).toHaveLength(1);
  });
});

const time = (minute: number) => new Date(Date.UTC(2026, 0, 5, 14, minute)).toISOString();
const kRun = {
  setup: { cash: "1000", currency: "USD" },
  curve: [[time(0), "1000"], [time(1), "1100"], [time(1), "1050"], [time(2), "945"], [time(3), "1000"]],
  trades: [{ symbol: "A", side: "BUY", open_time: time(1), close_time: time(3), quantity: "2", entry_price: "105", exit_price: "100", fees: "0", profit: "-10", exit_reason: "signal" }],
} as unknown as RunReport;

describe("a run", () => {
  it("has rising times, its return and its falls", () => {
    expect(returnsOf(kRun).map((s) => s.value.toFixed(1))).toEqual(["0.0", "5.0", "-5.5", "0.0"]);
    expect(fallsOf([{ time: 1, value: 100 }, { time: 2, value: 110 }, { time: 3, value: 99 }]).map((s) => s.value.toFixed(1))).toEqual(["0.0", "0.0", "-10.0"]);
  });
  it("is exposed from a trade's first fill to before its last", () => {
    expect(exposureOf(kRun).map((s) => s.value.toFixed(1))).toEqual(["0.0", "20.0", "22.2", "0.0"]);
  });
  it("has its months by year", () => {
    const table = monthTable({ months: [{ year: 2025, month: 12, return_ratio: 0.1 }, { year: 2026, month: 1, return_ratio: -0.5 }, { year: 2026, month: 2, return_ratio: 0.2 }] } as Statistics);
    expect(table.map((y) => y.year)).toEqual([2025, 2026]);
    expect(table[1]!.months.slice(0, 3)).toEqual([-0.5, 0.2, null]);
    expect(table[1]!.whole).toBeCloseTo(-0.4);
  });
  it("shows a figure or that there is none", () => {
    expect([showFigure(1.234), showFigure(-0.0123, true), showFigure(null), showFigure(-0.00001)]).toEqual(["1.23", "\u22121.23%", "–", "0.00"]);
  });
});

describe("a grid", () => {
  it("is counted as the server does", () => {
    expect([axisCount("5..30/5"), axisCount("1..9"), axisCount("0.1,0.2,0.5"), axisCount("0.1..0.5/0.1"), axisCount("9..1"), axisCount("a,,b"), axisCount("1..9/0")]).toEqual([6, 9, 3, 5, null, null, null]);
    expect(combinations([{ name: "a", values: "1..3" }, { name: "b", values: "1,2" }])).toBe(6);
    expect(combinations([{ name: "a", values: "" }])).toBe(null);
  });
});

describe("what the stream says of backtests", () => {
  const row = (number: number, status: string, done = "0", kind = "RUN") => ({ backtest_id: `B-${number}`, status: `BACKTEST_STATUS_${status}`, done, spec: { kind: `BACKTEST_KIND_${kind}` } }) as unknown as Backtest;
  const streamed = (...rows: Backtest[]) => Object.fromEntries(rows.map((b) => [b.backtest_id, b]));
  const seen = (rows: readonly Backtest[]) => rows.map((b) => `${b.backtest_id} ${b.status.slice(16)} ${b.done}`);
  it("takes the place of what was read, and never takes an end back", () => {
    const read = [row(12, "RUNNING", "1"), row(9, "SUCCEEDED", "5"), row(3, "FAILED")];
    expect(seen(withStreamed(read, streamed(row(12, "RUNNING", "4"), row(9, "RUNNING", "2"), row(3, "DELETED"))))).toEqual(["B-12 RUNNING 4", "B-9 SUCCEEDED 5"]);
  });
  it("adds new ones of the kind that is looked at, and not those of an older page", () => {
    const read = [row(9, "SUCCEEDED"), row(3, "FAILED")];
    expect(seen(withStreamed(read, streamed(row(1, "SUCCEEDED"), row(10, "QUEUED"), row(11, "QUEUED", "0", "SWEEP")), "RUN"))).toEqual(["B-10 QUEUED 0", "B-9 SUCCEEDED 0", "B-3 FAILED 0"]);
  });
});
