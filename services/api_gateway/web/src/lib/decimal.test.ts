import { describe, expect, it } from "vitest";
import * as decimal from "./decimal";

describe("decimal", () => {
  it("adds without the error of binary fractions", () => {
    expect(decimal.add("0.1", "0.2")).toBe("0.3");
    expect(decimal.add("-1.50", "1.5")).toBe("0");
    expect(decimal.subtract("100000", "0.000000000000000001")).toBe("99999.999999999999999999");
  });

  it("compares by value, not by text", () => {
    expect(decimal.compare("10", "9")).toBe(1);
    expect(decimal.compare("1.0", "1")).toBe(0);
    expect(decimal.compare("-2", "-1")).toBe(-1);
  });

  it("shows small numbers whole", () => {
    expect(decimal.format("0.00000123")).toBe("0.00000123");
    expect(decimal.formatMoney("0.00000123")).toBe("0.00000123");
    expect(decimal.formatMoney("-0.00004", true)).toBe("\u22120.00004");
  });

  it("groups thousands and keeps every digit", () => {
    expect(decimal.format("1234567.891234567890123456")).toBe("1,234,567.891234567890123456");
    expect(decimal.format("64257.5", { minimumPlaces: 2 })).toBe("64,257.50");
    expect(decimal.formatMoney("-127.665")).toBe("\u2212127.67");
    expect(decimal.formatMoney("1204.18", true)).toBe("+1,204.18");
    expect(decimal.formatMoney("0", true)).toBe("0.00");
  });

  it("refuses what is not a decimal", () => {
    for (const text of ["", "1e5", "+1", " 1", "1.", ".5", "abc", null, undefined]) expect(decimal.parse(text)).toBeNull();
    expect(decimal.format("abc")).toBe("–");
  });

  it("rounds half away from zero", () => {
    expect(decimal.round("2.345", 2)).toBe("2.35");
    expect(decimal.round("-2.345", 2)).toBe("-2.35");
    expect(decimal.divide("1", "3", 4)).toBe("0.3333");
    expect(decimal.divide("-2", "3", 2)).toBe("-0.67");
    expect(decimal.divide("1", "0", 2)).toBeNull();
  });

  it("turns per cent into fractions and back", () => {
    expect(decimal.ratioFromPercent("2")).toBe("0.02");
    expect(decimal.ratioFromPercent("0.5")).toBe("0.005");
    expect(decimal.ratioFromPercent("two")).toBeNull();
    expect(decimal.formatRatio("0.0123", 2, true)).toBe("+1.23%");
  });

  it("keeps one unit for per cent, exact both ways", () => {
    for (const typed of ["2", "0.5", "12.345", "100", "0.000001"]) expect(decimal.percentFromRatio(decimal.ratioFromPercent(typed))).toBe(typed);
    expect(decimal.percentFromRatio("0.07")).toBe("7");
    expect(decimal.percentFromRatio(null)).toBe("");
  });

  it("cuts the share of a limit and never rounds up to 100", () => {
    expect(decimal.percentOf("1999.99", "2000")).toBe("99.9");
    expect(decimal.percentOf("9000", "5000")).toBe("180");
    expect(decimal.percentOf("1", "0")).toBeNull();
  });

  it("keeps significant digits and the whole part", () => {
    expect(decimal.significant("64251.12345678901", 6)).toBe("64251.1");
    expect(decimal.significant("0.0000123456789", 4)).toBe("0.00001235");
    expect(decimal.significant("1234567.89", 4)).toBe("1234568");
    expect(decimal.significant("above", 4)).toBe("above");
  });

  it("knows steps", () => {
    expect(decimal.isMultipleOf("0.15", "0.05")).toBe(true);
    expect(decimal.isMultipleOf("0.151", "0.01")).toBe(false);
    expect(decimal.placesOf("0.0100")).toBe(2);
    expect(decimal.placesOf("1")).toBe(0);
  });
});
