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
    const answer = ask(risk([{ name: "drawdown", limit: "5000", used: "10" }], { rules: [{ name: "drawdown", state: "RULE_STATE_TRIPPED" }] }));
    expect(answer.state).toBe("blocked");
    expect(answer.tripped).toBe(true);
    expect(answer.text).toContain("re-armed with a reason");
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
    expect(ask(risk([]), { market: { open: 2, old: 2, newestMs: 8000 } }).text).toBe("Blocked: prices are old (8s), until they move");
    expect(ask(risk([]), { market: { open: 2, old: 1, newestMs: 10 } }).state).toBe("warned");
    expect(ask(risk([]), { market: { open: 2, old: 0, newestMs: 10 }, pulse: { state: "silent" } }).state).toBe("blocked");
    expect(ask(risk([]), { pulse: { state: "ended" } }).state).toBe("blocked");
    expect(ask(risk([]), { market: { open: 0, old: 0, newestMs: null } }).state).toBe("open");
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
