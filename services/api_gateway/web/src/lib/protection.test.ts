import { expect, it } from "vitest";
import type { Protection } from "../api/types";
import { percentOf, policyWords, ratioOf, stateOf, worst } from "./protection";

const one = (state: string) => ({ state: `PROTECTION_STATE_${state}` }) as Protection;

it("the worst book is the one that is shown", () => {
  expect(worst([])).toBeUndefined();
  expect(worst([one("LIVE"), one("MISSING"), one("ARMING")])?.state).toBe("PROTECTION_STATE_MISSING");
  expect(worst([one("LIVE"), one("NONE")])?.state).toBe("PROTECTION_STATE_NONE");
  expect(stateOf(one("OF_TOMORROW")).text).toBe("not known");
});

it("per cent and ratios are exact and bounded", () => {
  expect(percentOf("0.02")).toBe("2");
  expect(percentOf("0.0125")).toBe("1.25");
  expect(percentOf(null)).toBe("");
  expect(ratioOf("2")).toBe("0.02");
  expect(ratioOf("0.5")).toBe("0.005");
  expect(ratioOf("99.9")).toBe("0.999");
  for (const wrong of ["0", "-1", "100", "", "x"]) expect(ratioOf(wrong)).toBeNull();
});

it("a policy in words", () => {
  expect(policyWords(null)).toBe("no policy");
  expect(policyWords({ off: true })).toBe("off");
  expect(policyWords({ stop_loss_ratio: "0.02", take_profit_ratio: "0.05" })).toBe("stop 2 %, target 5 %");
});
