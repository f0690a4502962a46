import { describe, expect, it } from "vitest";
import type { Account, RiskState } from "../api/types";
import { concerns } from "./concerns";

const account = { account_id: "paper", halted: false } as Account;
const risk = (open: number, limits: object): RiskState => ({ account_id: "paper", equity: "1", open_positions: open, uses: [], market_data_stale: false, limits: { account_id: "paper", version: 1, ...limits } }) as unknown as RiskState;

describe("concerns", () => {
  it("says that no position room is left", () => {
    expect(concerns(account, risk(10, { max_open_positions: 10 }), 3)).toEqual(["No position room left: 10 of 10 open positions of the account are used"]);
  });
  it("says that there is room for some", () => {
    expect(concerns(account, risk(8, { max_open_positions: 10 }), 3)[0]).toContain("Room for 2 of the 3");
    expect(concerns(account, risk(1, { max_open_positions: 10 }), 3)).toEqual([]);
  });
  it("says that the account allows a deployment fewer, or nothing at all", () => {
    expect(concerns(account, risk(0, { max_open_positions: 10, max_open_positions_per_deployment: 2 }), 3)[0]).toContain("the account allows 2");
    expect(concerns({ ...account, halted: true, halt_reason: "x" }, risk(0, {}), 3)).toEqual(["Halted: x"]);
    expect(concerns(account, null, 3)).toEqual(["Unknown: risk has not answered"]);
  });
});
