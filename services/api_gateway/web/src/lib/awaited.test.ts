import { describe, expect, it } from "vitest";
import { awaitedWords, tripName } from "./awaited";

describe("what waits for a second person", () => {
  it("says what was asked for", () => {
    expect(awaitedWords({ kind: "resume", decision: "", order_id: "" })).toBe("resume trading");
    expect(awaitedWords({ kind: "rearm", decision: "drawdown:2026-03-02T14:30:00Z", order_id: "" })).toContain("drawdown");
    expect(awaitedWords({ kind: "release", decision: "halt-1", order_id: "" })).toContain("halt-1");
    expect(awaitedWords({ kind: "resolve", decision: "", order_id: "o1" })).toContain("o1");
  });
  it("names a trip by its moment where it is known", () => {
    expect(tripName("leverage", "2026-03-02T14:30:00Z")).toBe("leverage:2026-03-02T14:30:00Z");
    expect(tripName("leverage", null)).toBe("leverage");
  });
});
