import type { Account, RiskState } from "../api/types";
import * as decimal from "./decimal";
import { permission } from "./permission";

/** Why a deployment whose prerequisites pass would still not get to trade now. Pure. */
export function concerns(account: Account | undefined, risk: RiskState | null, wanted: number): string[] {
  const said: string[] = [];
  const answer = permission({ account, risk, riskAgeMs: risk ? 0 : null, streamStale: false });
  if (answer.state !== "open" && answer.rule !== "max_open_positions") said.push(answer.text);
  const limit = Number(risk?.limits?.max_open_positions ?? 0);
  if (risk && limit > 0) {
    const room = Math.max(0, limit - risk.open_positions);
    const used = `${risk.open_positions} of ${limit} open positions of the account are used`;
    if (room === 0) said.push(`No position room left: ${used}`);
    else if (room < wanted) said.push(`Room for ${room} of the ${wanted} positions it may open: ${used}`);
  }
  const each = Number(risk?.limits?.max_open_positions_per_deployment ?? 0);
  if (each > 0 && wanted > each) said.push(`It may open ${wanted} positions; the account allows ${decimal.format(String(each))} a deployment`);
  return said;
}
