import type { Strategy } from "../api/types";

export interface ExternalBadge {
  tone: "good" | "warn" | "bad";
  words: string;
  // What a person should know of it; empty: nothing.
  problem: string;
}

/** Of a strategy that runs in a process of its own; null where it does not. */
export function externalBadge(of: { external_connection?: string; external_text?: string }): ExternalBadge | null {
  switch (of.external_connection) {
    case "EXTERNAL_CONNECTION_CONNECTED":
      return { tone: "good", words: "Strategy connected", problem: "" };
    case "EXTERNAL_CONNECTION_WAITING":
      return { tone: "warn", words: "Waits for its strategy", problem: "Its strategy's process is not connected: nothing is entered until it is. Stops and exits go on." };
    case "EXTERNAL_CONNECTION_FAULT":
      return { tone: "bad", words: "Strategy fault", problem: of.external_text || "Its newest answer was of no use." };
    default:
      return null;
  }
}

/** As the deploy dialog offers it. */
export function strategyLabel(strategy: Strategy): string {
  if (strategy.strategy_id.startsWith("rule:")) return `${strategy.display_name || "Rules"} (${strategy.strategy_id})`;
  const badge = externalBadge(strategy);
  if (badge === null) return strategy.display_name;
  return `${strategy.display_name} (${strategy.strategy_id})${badge.tone === "good" ? "" : " · not connected"}`;
}
