import { describe, expect, it } from "vitest";
import { dayBars, standing, type DayEnd } from "./days";

const day = (date: string, pnl: string | null, more: Partial<DayEnd> = {}): DayEnd =>
  ({ date, account_id: "paper", calendar: "CALENDAR_XNYS", step: "DAY_END_STEP_DONE", waits_for: "", late: false, alerted: false, closes: [], canceled_order_ids: [], report: pnl === null ? null : { summary: { day_pnl: pnl }, flat: true, left: [] }, ...more }) as unknown as DayEnd;

describe("days that have been ended", () => {
  it("become bars, oldest first, each of the largest", () => {
    expect(dayBars([day("2013-10-08", "-5"), day("2013-10-07", "10"), day("2013-10-07", "99"), day("2013-10-06", null)])).toEqual([
      { date: "2013-10-07", pnl: "10", height: 1 },
      { date: "2013-10-08", pnl: "-5", height: -0.5 },
    ]);
    expect(dayBars([day("2013-10-07", "0")])[0]?.height).toBe(0);
  });
  it("say how they stand", () => {
    expect(standing(day("2013-10-07", "1"))).toEqual({ text: "Flat", tone: "good" });
    expect(standing(day("2013-10-07", null, { step: "DAY_END_STEP_CLOSING", waits_for: "1 closing order to end" }))).toEqual({ text: "Closing positions: 1 closing order to end", tone: "warn" });
    const left = (reason: string) => ({ summary: { day_pnl: "1" }, flat: false, left: [{ symbol: "SPY", quantity: "12", deployment_id: "", reason }] }) as unknown as DayEnd["report"];
    expect(standing(day("2013-10-07", "1", { report: left("trading is halted") }))).toEqual({ text: "Left: 12 SPY", tone: "bad" });
    expect(standing(day("2013-10-07", "1", { report: left("it is not to be closed") })).tone).toBe("quiet");
  });
});
