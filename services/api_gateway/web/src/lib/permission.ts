// The one answer to "may I open risk?", in the same words wherever it stands: banner, status bar, cards, ticket. Pure.
import type { Account, Breaker, LossRule, MarketPulse, OpeningAnswer, OpeningBlock, RiskState } from "../api/types";
import * as decimal from "./decimal";
import type { Market } from "./freshness";
import { duration } from "./time";
import { sentence } from "./words";

export interface Permission {
  /** Only `open` may ever be shown in green. */
  state: "open" | "warned" | "blocked" | "halted" | "unknown";
  text: string;
  /** The rule that blocks, when one does. */
  rule: string;
  /** It does not open again by itself: a person re-arms it with a reason. */
  tripped: boolean;
}

export interface Source {
  account: Account | undefined;
  risk: RiskState | null;
  /** The stream's own answer: newer than `risk`, which is asked for every few seconds. */
  answer?: OpeningAnswer | null;
  /** How long ago `risk` was read; null when never. */
  riskAgeMs: number | null;
  /** The stream is older than it may be. */
  streamStale: boolean;
  /** How old the prices are as seen here, and what the server says of the market. */
  market?: Market;
  pulse?: MarketPulse | null;
}

/** Risk is asked every few seconds; after three missed answers what it said is not known any more. */
export const kRiskAgeMaxMs = 15_000;

const kLoss = new Set(["daily_loss", "drawdown"]);

export function percentUsed(use: { used: string; limit: string }): string | null {
  return decimal.percentOf(use.used || "0", use.limit, 1);
}

/** Used up: nothing more may be opened under this limit. */
export function isBreached(use: { used: string; limit: string }): boolean {
  return decimal.sign(use.limit) > 0 && decimal.compare(use.used || "0", use.limit) >= 0;
}

function share(use: { used: string; limit: string }): string {
  const percent = percentUsed(use);
  return percent === null ? "" : ` ${decimal.format(percent)} % of its limit`;
}

export function trippedRules(risk: RiskState | null): LossRule[] {
  return (risk?.loss_rules ?? []).filter((rule) => rule.state === "LOSS_RULE_STATE_TRIPPED");
}

function trippedWords(rule: LossRule, risk: RiskState): string {
  const use = risk.uses?.find((u) => u.name === rule.name);
  const percent = decimal.percentOf(rule.loss ?? use?.used, rule.limit ?? use?.limit, 1);
  const clears = rule.name === "daily_loss" && risk.limits?.daily_loss_clears_next_day === true;
  return `Blocked: ${sentence(rule.name)} tripped${percent === null ? "" : `, ${decimal.format(percent)} % of its limit now`}, ${clears ? "until the next day or " : ""}until re-armed with a reason`;
}

/** A breaker is named by its scope; what is not in its way has none of its own. */
const isBreaker = (block: OpeningBlock) => !kLoss.has(block.name) && (block.scope ?? "").startsWith("BREAKER_SCOPE_") && block.scope !== "BREAKER_SCOPE_UNSPECIFIED";

const clock = (time: string) => new Date(time).toLocaleTimeString([], { hour12: false });

function breakerWords(block: OpeningBlock): string {
  const whose = block.scope === "BREAKER_SCOPE_FIRM" ? " of the firm" : "";
  const until = block.needs_person ? "until re-armed with a reason" : block.until ? `until ${clock(block.until)} at the earliest` : "until it clears";
  return `Blocked: ${sentence(block.name)}${whose} tripped, ${until}`;
}

export function trippedBreakers(risk: RiskState | null): Breaker[] {
  return (risk?.breakers ?? []).filter((breaker) => breaker.state === "BREAKER_STATE_TRIPPED");
}

const kBlocks: Record<string, string> = {
  replaying: "risk reads its history first",
  equity_unknown: "equity is not known, until every position has a price",
  risk_unavailable: "risk does not answer",
};

export function permission({ account, risk, answer, riskAgeMs, streamStale, market, pulse }: Source): Permission {
  const none = { rule: "", tripped: false };
  if (account?.halted) return { ...none, state: "halted", text: `Halted: ${account.halt_reason || "no reason given"}` };
  if (!account || !risk || riskAgeMs === null || riskAgeMs > kRiskAgeMaxMs) return { ...none, state: "unknown", text: "Unknown: risk has not answered" };
  if (risk.opening === "OPENING_HALTED") return { ...none, state: "halted", text: `Halted: ${risk.opening_message || "no reason given"}` };
  if (answer?.opening === "OPENING_HALTED" && !streamStale) return { ...none, state: "halted", text: `Halted: ${answer.message || "no reason given"}` };
  const latched = trippedRules(risk)[0];
  if (latched) return { state: "blocked", rule: latched.name, tripped: true, text: trippedWords(latched, risk) };
  const breaker = streamStale ? undefined : answer?.blocks?.find(isBreaker);
  if (breaker) return { state: "blocked", rule: breaker.name, tripped: breaker.needs_person === true, text: breakerWords(breaker) };
  const breached = (risk.uses ?? []).filter(isBreached).sort((a, b) => Number(kLoss.has(b.name)) - Number(kLoss.has(a.name)))[0];
  if (breached) {
    const until = kLoss.has(breached.name) ? "until it is back under its limit" : "until something is closed";
    return { state: "blocked", rule: breached.name, tripped: false, text: `Blocked: ${sentence(breached.name)}${share(breached)}, ${until}` };
  }
  const told = !streamStale && answer ? { opening: answer.opening, by: answer.blocks?.[0]?.name, message: answer.message } : { opening: risk.opening, by: risk.blocked_by?.[0], message: risk.opening_message };
  if (told.opening !== undefined && told.opening !== "OPENING_OPEN") {
    const by = told.by ?? "";
    return { ...none, state: "blocked", rule: by, text: `Blocked: ${kBlocks[by] ?? (told.message || sentence(by || "risk does not say why"))}` };
  }
  if (!risk.equity) return { ...none, state: "blocked", rule: "equity", text: "Blocked: equity is not known, until every position has a price" };
  if (streamStale) return { ...none, state: "unknown", text: "Unknown: the stream is old" };
  if (pulse?.state === "ended") return { ...none, state: "blocked", rule: "price_age", text: "Blocked: the replay has ended, prices stand" };
  if (pulse?.state === "silent" || (market && market.open > 0 && market.old === market.open))
    return { ...none, state: "blocked", rule: "price_age", text: `Blocked: prices are old${market && market.newestMs !== null ? ` (${duration(market.newestMs)})` : ""}, until they move` };
  if (market && market.total > 0 && market.open === 0) return { ...none, state: "warned", rule: "session_open", text: "Open, but the market is closed" };
  if (risk.market_data_stale || (market && market.old > 0)) return { ...none, state: "warned", rule: "price_age", text: "Open, but not where prices are old" };
  const nearest = (risk.uses ?? []).map((use) => ({ name: use.name, percent: percentUsed(use) })).filter((use) => use.percent !== null)
    .sort((a, b) => decimal.compare(b.percent, a.percent))[0];
  return { ...none, state: "open", text: nearest && decimal.compare(nearest.percent, "70") >= 0 ? `Open: ${sentence(nearest.name)} ${decimal.format(nearest.percent)} % used` : "Open for new orders" };
}
