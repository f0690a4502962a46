import { describe, expect, it } from "vitest";
import type { Account, RiskState } from "../api/types";
import { isBreached, percentUsed, permission } from "./permission";

const account = { account_id: "paper", halted: false, halt_reason: "" } as Account;
const risk = (uses: { name: string; limit: string; used: string }[], more: Partial<RiskState> = {}): RiskState =>
  ({ account_id: "paper", equity: "100000", market_data_stale: false, uses: uses.map((u) => ({ ...u, ratio: 0 })), ...more }) as RiskState;
const ask = (r: RiskState | null, more: object = {}) => permission({ account, risk: r, riskAgeMs: 1000, streamStale: false, ...more });

describe("permission", () => {
  it("is open only when everything is known and under its limit", () => {
    expect(ask(risk([{ name: "drawdown", limit: "5000", used: "100" }])).state).toBe("open");
    expect(ask(risk([{ name: "drawdown", limit: "5000", used: "4000" }])).text).toBe("Open: Drawdown 80 % used");
  });
  it("is blocked by a breached limit, with its per cent above 100", () => {
    const answer = ask(risk([{ name: "max_open_positions", limit: "10", used: "10" }, { name: "drawdown", limit: "5000", used: "9000" }]));
    expect(answer.state).toBe("blocked");
    expect(answer.rule).toBe("drawdown");
    expect(answer.text).toContain("Drawdown 180 % of its limit");
  });
  it("is blocked at exactly the limit, and not a cent before", () => {
    expect(ask(risk([{ name: "daily_loss", limit: "2000", used: "2000.00" }])).state).toBe("blocked");
    const before = ask(risk([{ name: "daily_loss", limit: "2000", used: "1999.99" }]));
    expect(before.state).toBe("open");
    expect(before.text).toBe("Open: Daily loss 99.9 % used");
  });
  it("stays tripped after the figure has recovered", () => {
    const rule = { name: "drawdown", state: "LOSS_RULE_STATE_TRIPPED", loss: "10", limit: "5000" };
    const answer = ask(risk([{ name: "drawdown", limit: "5000", used: "10" }], { opening: "OPENING_BLOCKED", blocked_by: ["drawdown"], loss_rules: [rule] }));
    expect(answer.state).toBe("blocked");
    expect(answer.tripped).toBe(true);
    expect(answer.text).toBe("Blocked: Drawdown tripped, 0.2 % of its limit now, until re-armed with a reason");
  });
  it("says what a tripped rule waits for", () => {
    const rule = { name: "daily_loss", state: "LOSS_RULE_STATE_TRIPPED", loss: "1800", limit: "1000" };
    const answer = ask(risk([], { loss_rules: [rule], limits: { account_id: "paper", version: 1, daily_loss_clears_next_day: true } }));
    expect(answer.text).toBe("Blocked: Daily loss tripped, 180 % of its limit now, until the next day or until re-armed with a reason");
  });
  it("says which breaker holds, and until when, as soon as the stream does", () => {
    const open = risk([], { opening: "OPENING_OPEN" });
    const block = { name: "stale_data", scope: "BREAKER_SCOPE_ACCOUNT", until: "2026-01-05T15:01:00Z", needs_person: false };
    const answer = (blocks: object[], opening = "OPENING_BLOCKED") => ({ account_id: "paper", deployment_id: "", opening, blocks, message: "why" });
    expect(ask(open, { answer: answer([block]) }).text).toMatch(/^Blocked: Stale data tripped, until \d\d:\d\d:\d\d at the earliest$/);
    const latched = ask(open, { answer: answer([{ ...block, name: "firm_daily_loss", scope: "BREAKER_SCOPE_FIRM", until: null, needs_person: true }]) });
    expect(latched).toEqual({ state: "blocked", rule: "firm_daily_loss", tripped: true, text: "Blocked: Firm daily loss of the firm tripped, until re-armed with a reason" });
    expect(ask(open, { answer: answer([{ name: "risk_unavailable" }]) }).text).toBe("Blocked: risk does not answer");
    expect(ask(open, { answer: answer([], "OPENING_HALTED") }).state).toBe("halted");
    // What the stream says is newer than what was asked for some seconds ago; an old stream says nothing.
    expect(ask(risk([], { opening: "OPENING_BLOCKED", blocked_by: ["stale_data"] }), { answer: answer([], "OPENING_OPEN") }).state).toBe("open");
    expect(ask(risk([], { opening: "OPENING_BLOCKED", blocked_by: ["replaying"] }), { answer: answer([], "OPENING_OPEN"), streamStale: true }).state).toBe("blocked");
  });
  it("believes the server when it says that nothing may be opened", () => {
    expect(ask(risk([], { opening: "OPENING_BLOCKED", blocked_by: ["replaying"] })).text).toBe("Blocked: risk reads its history first");
    expect(ask(risk([], { opening: "OPENING_BLOCKED", blocked_by: ["new_rule"], opening_message: "new rule since 10:00" })).text).toBe("Blocked: new rule since 10:00");
    expect(ask(risk([], { opening: "OPENING_HALTED", opening_message: "by hand" })).state).toBe("halted");
    expect(ask(risk([], { opening: "OPENING_UNSPECIFIED" })).state).toBe("blocked");
    expect(ask(risk([], { opening: "OPENING_OPEN" })).state).toBe("open");
  });
  it("is never open on what is not known", () => {
    expect(ask(null).state).toBe("unknown");
    expect(ask(risk([]), { riskAgeMs: null }).state).toBe("unknown");
    expect(ask(risk([]), { riskAgeMs: 60_000 }).state).toBe("unknown");
    expect(ask(risk([]), { streamStale: true }).state).toBe("unknown");
    expect(ask(risk([], { equity: "" })).state).toBe("blocked");
    expect(permission({ account: undefined, risk: risk([]), riskAgeMs: 1, streamStale: false }).state).toBe("unknown");
    expect(ask(risk([], { market_data_stale: true })).state).toBe("warned");
  });
  it("is blocked while prices are dead, whatever risk said a moment ago", () => {
    expect(ask(risk([]), { market: { total: 2, open: 2, old: 2, newestMs: 8000 } }).text).toBe("Blocked: prices are old (8s), until they move");
    expect(ask(risk([]), { market: { total: 2, open: 2, old: 1, newestMs: 10 } }).state).toBe("warned");
    expect(ask(risk([]), { market: { total: 2, open: 2, old: 0, newestMs: 10 }, pulse: { state: "silent" } }).state).toBe("blocked");
    expect(ask(risk([]), { pulse: { state: "ended" } }).state).toBe("blocked");
    expect(ask(risk([]), { market: { total: 0, open: 0, old: 0, newestMs: null } }).state).toBe("open");
    expect(ask(risk([]), { market: { total: 3, open: 0, old: 0, newestMs: null } }).text).toBe("Open, but the market is closed");
  });
  it("says halted before anything else", () => {
    expect(permission({ account: { ...account, halted: true, halt_reason: "by hand" }, risk: null, riskAgeMs: null, streamStale: true }).text).toBe("Halted: by hand");
  });
  it("cuts and does not round per cent", () => {
    expect(percentUsed({ used: "99.999", limit: "100" })).toBe("99.9");
    expect(percentUsed({ used: "", limit: "100" })).toBe("0");
    expect(percentUsed({ used: "1", limit: "0" })).toBeNull();
    expect(isBreached({ used: "1", limit: "" })).toBe(false);
  });
});
