import { describe, expect, it } from "vitest";
import type { OrderEvidence } from "../api/types";
import { confirms, decisionProblem, isUnknown, questionWords, silenceOf } from "./unknown";

const told = (evidence: object | null, more: object = {}) => ({ evidence, needs_two: true, ...more }) as OrderEvidence;

describe("an order of unknown outcome", () => {
  it("is one by its state or beside it", () => {
    expect([isUnknown({ status: "ORDER_STATUS_UNKNOWN" }), isUnknown({ status: "ORDER_STATUS_PENDING_CANCEL", outcome_unknown: true }), isUnknown({ status: "ORDER_STATUS_NEW" })]).toEqual([true, true, false]);
  });
  it("says what silence is worth", () => {
    const at = Date.parse("2026-01-01T00:01:00Z");
    expect(silenceOf(null, at)).toBe("not_known");
    expect(silenceOf(told({ send_time: "2026-01-01T00:00:00Z" }), at)).toBe("proves_nothing");
    expect(silenceOf(told({ send_time: "2026-01-01T00:00:00Z", horizon: "2026-01-01T00:02:00Z" }), at)).toBe("too_early");
    expect(silenceOf(told({ send_time: "2026-01-01T00:00:00Z", horizon: "2026-01-01T00:00:18Z" }), at)).toBe("counts");
    expect(questionWords("VENUE_QUESTION_OPEN_ORDERS")).toBe("what is open");
  });
  it("is decided with what was seen, the venue's id where it has one, and how it is known", () => {
    expect(decisionProblem("", "", "x")).toMatch(/Choose/);
    expect(decisionProblem("taken", " ", "x")).toMatch(/id/);
    expect(decisionProblem("never", "", " ")).toMatch(/How you know/);
    expect(decisionProblem("never", "", "ticket 4711")).toBe("");
  });
  it("is confirmed by another person who says the same", () => {
    const asked = told(null, { awaited: { kind: "resolve", asked_by: "user:ann", broker_order_id: "V-7" } });
    expect([confirms(asked, "user:bob", "taken", "V-7"), confirms(asked, "user:bob", "taken", "V-8"), confirms(asked, "user:bob", "never", "V-7"), confirms(asked, "user:ann", "taken", "V-7")]).toEqual([true, false, false, false]);
  });
});
