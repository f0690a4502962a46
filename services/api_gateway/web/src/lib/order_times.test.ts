import { describe, expect, it } from "vitest";
import type { Decision, Fill } from "../api/types";
import { withOrderTimes } from "./order_times";

const fill = (order_id: string, transact_time: string) => ({ order_id, transact_time }) as Fill;

describe("withOrderTimes", () => {
  it("takes the first fill, and a decision before that", () => {
    const fills = [fill("a", "2024-03-01T10:02:00Z"), fill("a", "2024-03-01T10:01:00Z"), fill("b", "2024-03-01T10:03:00Z")];
    const times = withOrderTimes({}, fills, [{ order_id: "b", bar_time: "2024-03-01T10:00:00Z" } as Decision]);
    expect(times).toEqual({ a: "2024-03-01T10:01:00Z", b: "2024-03-01T10:00:00Z" });
  });
  it("gives back the same object when nothing is new", () => {
    const known = { a: "2024-03-01T10:01:00Z" };
    expect(withOrderTimes(known, [fill("a", "2024-03-01T10:05:00Z")], [])).toBe(known);
  });
});
