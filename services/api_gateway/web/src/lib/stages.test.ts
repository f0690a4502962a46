import { describe, expect, it } from "vitest";
import { gateWords, lowerStages, nextStage, stageMeaning, type Gate } from "./stages";

const gate = (name: string, passed: boolean): Gate => ({ name, passed, observed: "3", required: "at least 30", detail: "" });

describe("stages of a deployment", () => {
  it("follow one another and end", () => {
    expect(nextStage("STAGE_PAPER")).toBe("STAGE_SHADOW");
    expect(nextStage("STAGE_LIVE")).toBeNull();
    expect(nextStage("")).toBeNull();
    expect(lowerStages("STAGE_CANARY")).toEqual(["STAGE_PAPER", "STAGE_SHADOW"]);
    expect(lowerStages("STAGE_PAPER")).toEqual([]);
  });
  it("say what holds them back", () => {
    expect(gateWords([gate("days", true), gate("trades", false)])).toBe("1 of 2 gates hold; trades: 3, required at least 30");
    expect(gateWords([gate("days", true)])).toBe("1 of 1 gates hold");
    expect(gateWords([])).toBe("there is no further stage");
  });
  it("say what they do", () => {
    expect(stageMeaning("STAGE_CANARY", "0.25")).toBe("trades 25 % of its size");
    expect(stageMeaning("STAGE_SHADOW", null)).toBe("decides and sends nothing");
  });
});
