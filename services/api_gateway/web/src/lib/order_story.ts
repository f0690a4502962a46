// What an explained order says in words. Pure.
import type { Explained, PassableTerm } from "../api/types";
import * as decimal from "./decimal";
import { sentence, word } from "./words";

/** Nanoseconds as a person reads them: "+0.4 ms", "+1.25 s", "+3m 04s". */
export function elapsed(nanos: string | number | null | undefined): string {
  const value = Number(nanos ?? 0);
  if (!Number.isFinite(value) || value <= 0) return "";
  const ms = value / 1e6;
  if (ms < 10) return `+${ms.toFixed(1)} ms`;
  if (ms < 1000) return `+${Math.round(ms)} ms`;
  if (ms < 60_000) return `+${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `+${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `+${hours}h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}m` : `+${Math.floor(hours / 24)} days`;
}

const kGuards: Record<string, string> = {
  ORDER_GUARD_ORDER_MANAGEMENT: "order management",
  ORDER_GUARD_RISK: "risk",
  ORDER_GUARD_BROKER_GATEWAY: "the broker gateway's last check",
  ORDER_GUARD_VENUE: "the broker",
};
export const guardWord = (guard: string): string => kGuards[guard] ?? "nobody known";

export function nearestWords(nearest: readonly PassableTerm[]): string[] {
  return nearest.map((term) => {
    const rule = sentence(term.check).toLowerCase();
    if (term.term === "none") return `No smaller quantity and no nearer price would have passed ${rule} then.`;
    if (term.term === "quantity") return `A quantity of ${decimal.format(term.value)} would have passed; one lot more is refused by ${rule}.`;
    return `A ${word(term.term, "").toLowerCase()} of ${decimal.format(term.value)} would have passed ${rule}.`;
  });
}

export type Tone = "good" | "bad" | "warn" | "quiet";
/** What a step of the log means for the order. */
export function stepTone(type: string): Tone {
  const name = type.replace("ORDER_EVENT_TYPE_", "");
  if (["DENIED", "REJECTED", "ILLEGAL_REPORT", "TRADE_CANCEL"].includes(name)) return "bad";
  if (["UNKNOWN", "NEVER_ACCEPTED", "REOPENED", "CANCEL_REJECTED", "REPLACE_REJECTED", "EXPIRED", "RESTATED"].includes(name)) return "warn";
  if (["FILLED", "ACCEPTED", "TRADE_CORRECT"].includes(name)) return "good";
  return "quiet";
}

const kOrigins: Record<string, string> = {
  KIND_REQUEST: "A request",
  KIND_DECISION: "A decision of its strategy",
  KIND_SYSTEM: "Order management itself",
  KIND_EXTERNAL: "Nobody here: the broker told of it",
};
export const originWord = (explained: Explained): string => kOrigins[explained.origin?.kind ?? ""] ?? "Not known";
