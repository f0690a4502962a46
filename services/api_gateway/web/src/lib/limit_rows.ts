// The table of limits: what is in force, whose it is, how much of it is used. Pure.
import type { EffectiveLimit, LimitScope, LimitSet, LimitsVersion, Position, RiskState } from "../api/types";
import * as decimal from "./decimal";
import { kLimitFields, limitField, limitText, plainValue, type LimitField } from "./limit_fields";

export interface LimitRow {
  field: LimitField;
  value: string;
  scope: string;
  version: string;
  expireTime: string;
  /** In the unit of the limit; empty: nothing is measured against it between orders. */
  used: string;
  /** Of the limit, in per cent with one place; null: not known. */
  percent: string | null;
}

/** "account paper, override" without what stands behind the comma. */
export const scopeWords = (scope: string): string => scope.replace(/, override$/, "");
export const isOverride = (scope: string): boolean => /, override$/.test(scope);

/** The largest of the sums of absolute values by a key. */
function largest(positions: readonly Position[], key: (p: Position) => string): string {
  const sums = new Map<string, string>();
  for (const p of positions) sums.set(key(p), decimal.add(sums.get(key(p)) ?? "0", p.market_value));
  return [...sums.values()].map(decimal.absolute).reduce((a, b) => (decimal.compare(a, b) >= 0 ? a : b), "0");
}

/** What is used now: the server's own figures first; else made of positions and equity, exactly, with the scale that risk applies left out. */
function usedOf(field: LimitField, value: string, risk: RiskState, positions: readonly Position[], deploymentId: string, symbol: string): { used: string; of: string } | null {
  const told = (risk.uses ?? []).find((use) => use.name === field.use);
  if (told && field.name !== "gross_leverage") return { used: told.used || "0", of: told.limit };
  if (decimal.sign(risk.equity) <= 0) return null;
  const share = (money: string) => decimal.divide(money, risk.equity, 6) ?? "";
  switch (field.use) {
    case "gross_leverage": return { used: share(risk.gross_exposure), of: value };
    case "net_leverage": return { used: share(decimal.absolute(risk.net_exposure)), of: value };
    case "concentration": return { used: share(largest(symbol ? positions.filter((p) => p.symbol === symbol) : positions, (p) => p.symbol)), of: value };
    case "max_position": {
      const mine = positions.filter((p) => (!symbol || p.symbol === symbol) && (!deploymentId || p.deployment_id === deploymentId));
      return { used: share(largest(mine, (p) => `${p.deployment_id}|${p.symbol}`)), of: value };
    }
    case "max_open_positions_per_deployment": {
      const counts = new Map<string, number>();
      for (const p of positions) if (p.deployment_id && (!deploymentId || p.deployment_id === deploymentId)) counts.set(p.deployment_id, (counts.get(p.deployment_id) ?? 0) + 1);
      return { used: String(Math.max(0, ...counts.values())), of: value };
    }
    default: return null;
  }
}

export function limitRows(effective: readonly EffectiveLimit[], risk: RiskState | null, positions: readonly Position[], deploymentId = "", symbol = ""): LimitRow[] {
  const byName = new Map(effective.map((e) => [e.name, e]));
  return kLimitFields.flatMap((field) => {
    const found = byName.get(field.name);
    if (!found) return [];
    const value = plainValue(found.value);
    const off = limitText(field, value) === "off";
    const use = risk && !off ? usedOf(field, value, risk, positions, deploymentId, symbol) : null;
    return [{
      field, value, scope: found.scope, version: String(found.version ?? ""), expireTime: found.expire_time ?? "",
      used: use?.used ?? "",
      percent: use && decimal.sign(use.of) > 0 ? decimal.percentOf(use.used, use.of) : null,
    }];
  });
}

/** Losses are told in money, by the server; what is a share of the equity is per cent. */
export function usedText(row: LimitRow): string {
  if (row.used === "") return "–";
  if (row.field.use === "daily_loss" || row.field.use === "drawdown") return decimal.formatMoney(row.used);
  if (row.field.kind === "ratio") return decimal.formatRatio(row.used, 2);
  return decimal.format(decimal.round(row.used, 3));
}

/** Which mark of 50, 75 and 90 per cent it has passed; 100: all of it is used. */
export function levelOf(percent: string | null): 0 | 50 | 75 | 90 | 100 {
  if (percent === null) return 0;
  return ([100, 90, 75, 50] as const).find((mark) => decimal.compare(percent, String(mark)) >= 0) ?? 0;
}

export const kFirm: LimitScope = { account_id: "", deployment_id: "", symbol: "" };
export const isAccountScope = (s: LimitScope): boolean => !!s.account_id && !s.deployment_id && !s.symbol;
export const sameScope = (a: LimitScope, b: LimitScope): boolean => a.account_id === b.account_id && a.deployment_id === b.deployment_id && a.symbol === b.symbol;

export function scopeName(scope: LimitScope, withAccount = false): string {
  const parts = [scope.deployment_id && `deployment ${scope.deployment_id}`, scope.symbol && `instrument ${scope.symbol}`].filter(Boolean);
  if (scope.account_id && (withAccount || parts.length === 0)) parts.unshift(`account ${scope.account_id}`);
  return parts.length > 0 ? parts.join(", ") : "firm";
}

/** The scope's set, or its override, with the version to change it by. */
export function setOf(sets: readonly LimitSet[], scope: LimitScope, override: boolean): LimitSet | undefined {
  return sets.find((s) => sameScope(s.scope, scope) && Boolean(s.expire_time) === override);
}
/** The newest number of a scope's sets, ended ones too; "0" when there was none. */
export function newestVersion(history: readonly LimitSet[], scope: LimitScope, override: boolean): string {
  return history.filter((s) => sameScope(s.scope, scope) && Boolean(s.expire_time) === override).reduce((n, s) => (decimal.compare(String(s.version), n) > 0 ? String(s.version) : n), "0");
}
/** The whole set with one limit put in, or (null) taken out. */
export function withValue(set: LimitSet | undefined, name: string, value: string | null): { name: string; value: string }[] {
  const kept = (set?.values ?? []).filter((v) => v.name !== name);
  return value === null ? kept : [...kept, { name, value }];
}

export interface Version {
  key: string;
  time: string;
  who: string;
  reason: string;
  scope: string;
  version: string;
  expireTime: string;
  /** There is none before it to compare it with: what it said, by name. */
  first: Record<string, string> | null;
  changes: { name: string; from: string; to: string }[];
}

function changesOf(before: Record<string, string>, after: Record<string, string>): Version["changes"] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((n) => limitField(n) && (before[n] ?? "") !== (after[n] ?? "")).map((name) => ({ name, from: before[name] ?? "", to: after[name] ?? "" }));
}

/** Every version with what it changed, newest first: the account's own, and those of the scopes that can hold for it. */
export function versionsOf(accountId: string, own: readonly LimitsVersion[], sets: readonly LimitSet[], name = ""): Version[] {
  const rows: Version[] = [];
  const oldestFirst = [...own].sort((a, b) => Number(a.limits.version) - Number(b.limits.version));
  const valuesOf = (v: LimitsVersion) => Object.fromEntries(Object.entries(v.limits).filter(([n, x]) => limitField(n) && x !== null).map(([n, x]) => [n, plainValue(x)]));
  oldestFirst.forEach((v, i) => {
    const before = oldestFirst[i - 1];
    rows.push({ key: `own|${v.limits.version}`, time: String(v.limits.update_time ?? ""), who: String(v.limits.updated_by ?? ""), reason: v.reason ?? "", scope: `account ${accountId}`, version: String(v.limits.version), expireTime: "", first: before ? null : valuesOf(v), changes: before ? changesOf(valuesOf(before), valuesOf(v)) : [] });
  });
  const before = new Map<string, Record<string, string>>();
  for (const set of [...sets].sort((a, b) => Number(a.version) - Number(b.version))) {
    if (set.scope.account_id && set.scope.account_id !== accountId) continue;
    const key = `${scopeName(set.scope, true)}|${set.expire_time ? "override" : "set"}`;
    const values = Object.fromEntries((set.values ?? []).map((v) => [v.name, plainValue(v.value)]));
    rows.push({ key: `${key}|${set.version}`, time: set.update_time ?? "", who: set.updated_by ?? "", reason: set.reason ?? "", scope: `${scopeName(set.scope)}${set.expire_time ? ", override" : ""}`, version: String(set.version), expireTime: (set.values ?? []).length > 0 ? (set.expire_time ?? "") : "", first: null, changes: changesOf(before.get(key) ?? {}, values) });
    before.set(key, values);
  }
  return rows.filter((r) => !name || r.changes.some((c) => c.name === name) || (r.first !== null && name in r.first)).sort((a, b) => Date.parse(b.time || "0") - Date.parse(a.time || "0"));
}

/** "1 h 04 min", "3 min 20 s", "over": for an override's end. */
export function countdown(untilMs: number | null, nowMs: number): string {
  if (untilMs === null) return "";
  const left = Math.floor((untilMs - nowMs) / 1000);
  if (left <= 0) return "over";
  const days = Math.floor(left / 86400), hours = Math.floor(left / 3600) % 24, minutes = Math.floor(left / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes > 0 ? `${minutes} min ${String(left % 60).padStart(2, "0")} s` : `${left} s`;
}
