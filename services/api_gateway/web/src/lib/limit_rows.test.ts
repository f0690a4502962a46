import { describe, expect, it } from "vitest";
import type { EffectiveLimit, LimitSet, LimitsVersion, Position, RiskState } from "../api/types";
import { directionOf, limitField, limitText, plainValue, typedOf, valueOfTyped } from "./limit_fields";
import { countdown, isOverride, levelOf, limitRows, newestVersion, scopeName, scopeWords, setOf, usedText, versionsOf, withValue } from "./limit_rows";

const field = (name: string) => limitField(name)!;
const scope = (account_id = "", deployment_id = "", symbol = "") => ({ account_id, deployment_id, symbol });

describe("a limit's value", () => {
  it("is read and typed in its own unit, exactly", () => {
    expect(limitText(field("daily_loss_ratio"), "0.015")).toBe("1.5 %");
    expect(typedOf(field("daily_loss_ratio"), "0.015")).toBe("1.5");
    expect(valueOfTyped(field("daily_loss_ratio"), "1.5")).toBe("0.015");
    expect(valueOfTyped(field("max_open_orders"), "12")).toBe("12");
    expect(limitText(field("net_leverage"), "10")).toBe("off");
    expect(limitText(field("derisk_volatility"), "0")).toBe("off");
    expect(limitText(field("allow_short"), "1")).toBe("yes");
    expect(plainValue(true)).toBe("1");
    expect(plainValue(5)).toBe("5");
  });
  it("is refused when it cannot be one", () => {
    for (const typed of ["", "x", "-1"]) expect(valueOfTyped(field("daily_loss_ratio"), typed)).toBeNull();
    expect(valueOfTyped(field("max_open_orders"), "1.5")).toBeNull();
  });
  it("is looser or tighter as the server sees it", () => {
    expect(directionOf(field("daily_loss_ratio"), "0.01", "0.02")).toBe("looser");
    expect(directionOf(field("daily_loss_ratio"), "0.02", "0.010")).toBe("tighter");
    expect(directionOf(field("daily_loss_ratio"), "0.02", "0.020")).toBe("same");
    expect(directionOf(field("unprotected_loss_ratio"), "1", "0.5")).toBe("looser");
    expect(directionOf(field("require_locate"), "0", "1")).toBe("tighter");
    expect(directionOf(field("derisk_volatility"), "0.1", "0")).toBe("looser");
    expect(directionOf(field("derisk_volatility"), "0", "0.1")).toBe("tighter");
    expect(directionOf(field("max_order_notional"), "", "900")).toBe("tighter");
    expect(directionOf(field("max_order_notional"), "900", "")).toBe("looser");
  });
});

const risk = { equity: "1000", gross_exposure: "500", net_exposure: "-300", uses: [{ name: "daily_loss", limit: "20", used: "15.2", ratio: 0.76 }] } as RiskState;
const position = (deployment_id: string, symbol: string, market_value: string) => ({ deployment_id, symbol, market_value }) as Position;
const effective: EffectiveLimit[] = [
  { name: "daily_loss_ratio", value: "0.02", scope: "account paper", version: "3" },
  { name: "concentration_ratio", value: "0.25", scope: "firm", version: "1" },
  { name: "max_position_ratio", value: "0.1", scope: "account paper, override", version: "2", expire_time: "2026-01-01T00:00:00Z" },
  { name: "net_leverage", value: "10", scope: "account paper", version: "3" },
  { name: "max_order_notional", value: "900", scope: "firm", version: "1" },
];

describe("the table", () => {
  const rows = limitRows(effective, risk, [position("a", "BTC", "100"), position("b", "BTC", "40"), position("", "ETH", "-120")]);
  const row = (name: string) => rows.find((r) => r.field.name === name)!;
  it("tells what is used, by the server's figures first", () => {
    expect([row("daily_loss_ratio").percent, usedText(row("daily_loss_ratio"))]).toEqual(["76", "15.20"]);
    expect([row("concentration_ratio").used, row("concentration_ratio").percent]).toEqual(["0.14", "56"]);
    expect(row("max_position_ratio").percent).toBe("120");
  });
  it("measures nothing against what is off, and nothing between orders where there is nothing", () => {
    expect([row("net_leverage").percent, row("max_order_notional").percent]).toEqual([null, null]);
    expect(usedText(row("max_order_notional"))).toBe("–");
  });
  it("says whose it is", () => {
    expect([scopeWords(row("max_position_ratio").scope), isOverride(row("max_position_ratio").scope)]).toEqual(["account paper", true]);
    expect(row("concentration_ratio").scope).toBe("firm");
  });
  it("has marks at 50, 75 and 90 per cent", () => {
    expect(["49.9", "50.0", "75", "90.1", "100.0", "180"].map(levelOf)).toEqual([0, 50, 75, 90, 100, 100]);
    expect(levelOf(null)).toBe(0);
  });
});

describe("scopes and versions", () => {
  const sets: LimitSet[] = [
    { scope: scope(), version: "2", values: [{ name: "max_order_notional", value: "900" }], update_time: "2026-01-02T00:00:00Z", updated_by: "user:ann", reason: "calm" },
    { scope: scope(), version: "1", values: [{ name: "max_order_notional", value: "500" }], update_time: "2026-01-01T00:00:00Z" },
    { scope: scope("paper"), version: "4", values: [{ name: "max_open_orders", value: "0" }], update_time: "2026-01-03T00:00:00Z", expire_time: "2026-01-03T01:00:00Z" },
    { scope: scope("other"), version: "1", values: [{ name: "max_open_orders", value: "7" }], update_time: "2026-01-04T00:00:00Z", expire_time: "2026-01-03T01:00:00Z" },
  ];
  it("finds the set to change and the number to change it by", () => {
    expect(setOf([sets[0]!], scope(), false)?.version).toBe("2");
    expect(setOf(sets, scope("paper"), false)).toBeUndefined();
    expect([newestVersion(sets, scope(), false), newestVersion(sets, scope("paper"), true), newestVersion(sets, scope("x"), true)]).toEqual(["2", "4", "0"]);
    expect(withValue(sets[0], "max_open_orders", "5")).toEqual([{ name: "max_order_notional", value: "900" }, { name: "max_open_orders", value: "5" }]);
    expect(withValue(sets[0], "max_order_notional", null)).toEqual([]);
    expect([scopeName(scope()), scopeName(scope("p")), scopeName(scope("p", "d", "s")), scopeName(scope("p", "d"), true)]).toEqual(["firm", "account p", "deployment d, instrument s", "account p, deployment d"]);
  });
  it("tells who changed what and why, newest first, of this account and of everybody's", () => {
    const own = [{ limits: { account_id: "paper", version: "2", max_open_orders: 60, allow_short: true, update_time: "2026-01-01T12:00:00Z", updated_by: "user:bob" }, reason: "more" }, { limits: { account_id: "paper", version: "1", max_open_orders: 50, allow_short: true, update_time: "2025-12-01T00:00:00Z" } }] as LimitsVersion[];
    const told = versionsOf("paper", own, sets);
    expect(told.map((v) => `${v.scope} ${v.version}`)).toEqual(["account paper, override 4", "firm 2", "account paper 2", "firm 1", "account paper 1"]);
    expect(told[2]).toMatchObject({ who: "user:bob", reason: "more", changes: [{ name: "max_open_orders", from: "50", to: "60" }] });
    expect(told[1]!.changes).toEqual([{ name: "max_order_notional", from: "500", to: "900" }]);
    // Of the oldest one it is not known what it changed: it stays in sight with what it said.
    expect(versionsOf("paper", own, sets, "max_open_orders").at(-1)).toMatchObject({ version: "1", changes: [], first: { max_open_orders: "50" } });
    expect(versionsOf("paper", own, sets, "max_order_notional").map((v) => v.version)).toEqual(["2", "1"]);
  });
  it("counts down", () => {
    expect([countdown(10_000, 0), countdown(200_000, 0), countdown(3_840_000, 0), countdown(180_000_000, 0), countdown(1, 2), countdown(null, 2)]).toEqual(["10 s", "3 min 20 s", "1 h 04 min", "2 d 2 h", "over", ""]);
  });
});
