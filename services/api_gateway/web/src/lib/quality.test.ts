import { expect, test } from "vitest";
import { measured, points } from "./quality";

test("a cost that is not known is no cost of nothing", () => {
  expect([points("12.345"), points("0"), points(null), points(undefined)]).toEqual(["12.3 bp", "0 bp", "–", "–"]);
});

test("only the moments that were seen are shown", () => {
  const markouts = [{ after_seconds: 1, basis_points: "0", measured_quantity: "2" }, { after_seconds: 10, basis_points: "0", measured_quantity: "0" }];
  expect(measured({ markouts }).map((m) => m.after_seconds)).toEqual([1]);
});
