import { describe, expect, it } from "vitest";
import type { EquityPoint, Summary } from "../api/types";
import { equityCurve } from "./equity";

const point = (second: number, equity: string): EquityPoint => ({ time: new Date(second * 1000).toISOString(), equity, cash: "0" });

describe("equityCurve", () => {
  it("goes on from the stored points to what the account is worth now", () => {
    const now = { equity: "105", cash: "5", update_time: new Date(30_000).toISOString() } as Summary;
    expect(equityCurve([point(10, "100"), point(20, "101")], [point(20, "101.5"), point(25, "103")], now).map((p) => p.equity)).toEqual(["100", "101.5", "103", "105"]);
  });
  it("leaves out what is later than the market's time", () => {
    const wall = { time: "2026-11-26T02:45:36Z", equity: "100", cash: "0" };
    const now = { equity: "97", cash: "5", update_time: new Date(30_000).toISOString() } as Summary;
    expect(equityCurve([point(10, "100"), wall], [], now, 30_000).map((p) => p.equity)).toEqual(["100", "97"]);
  });
  it("is never put in the past by an older message", () => {
    expect(equityCurve([point(10, "100")], [point(5, "1")], undefined).map((p) => p.equity)).toEqual(["100"]);
  });
});
