import { describe, expect, it } from "vitest";
import { streamPath } from "./stream";

describe("stream", () => {
  it("resumes after the last message of its run", () => {
    expect(streamPath(42, "5df2", false)).toBe("/api/stream?after=42&run=5df2");
  });
  it("asks for a snapshot when something was missed, or nothing is known yet", () => {
    expect(streamPath(42, "5df2", true)).toBe("/api/stream");
    expect(streamPath(-1, "", false)).toBe("/api/stream");
    expect(streamPath(42, "", false)).toBe("/api/stream");
  });
});
