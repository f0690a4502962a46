import type { ReconciliationStatus } from "../api/types";

/** After so long without a whole comparison the last one says little: positions are compared every 30 s. */
const OLD_MS = 90_000;

export interface Agreement {
  text: string;
  tone: "good" | "warn" | "bad" | "quiet";
}

/** One badge: what the last comparison with the venue came to, and whether it still counts. */
export function agreementOf(status: ReconciliationStatus | undefined, now: number): Agreement {
  if (!status) return { text: "never compared", tone: "quiet" };
  if (status.halting_breaks > 0) return { text: `${status.halting_breaks} ${status.halting_breaks === 1 ? "break holds" : "breaks hold"} entries back`, tone: "bad" };
  if (!status.positions_time) return { text: "never compared", tone: "quiet" };
  if (now - Date.parse(status.positions_time) > OLD_MS) return { text: "not compared lately", tone: "warn" };
  if (status.open_breaks > 0) return { text: `${status.open_breaks} healing`, tone: "warn" };
  return { text: "0 breaks", tone: "good" };
}

const NAMES: Record<string, string> = {
  BREAK_TYPE_MISSED_EXECUTION: "Missed execution",
  BREAK_TYPE_MISSING_FILL: "Missing fill",
  BREAK_TYPE_UNKNOWN_FILL: "Fill unknown to the venue",
  BREAK_TYPE_EXECUTION_DIFFERS: "Execution differs",
  BREAK_TYPE_EXTERNAL_ORDER: "EXTERNAL order",
  BREAK_TYPE_ORDER_NOT_AT_VENUE: "Order not at the venue",
  BREAK_TYPE_ORDER_DIFFERS: "Order differs",
  BREAK_TYPE_POSITION: "Position",
  BREAK_TYPE_CASH: "Cash",
  BREAK_TYPE_BOOKS: "Books do not add up",
};

const HANDLINGS: Record<string, string> = {
  EXTERNAL_HANDLING_ADOPT: "adopted",
  EXTERNAL_HANDLING_IGNORE: "left alone",
  EXTERNAL_HANDLING_ATTRIBUTE: "attributed",
};

/** What becomes of an order made elsewhere; what is not known here counts as not decided, as it does in the services. */
export const nameOfHandling = (handling: string | undefined): string => HANDLINGS[handling ?? ""] ?? "not decided";

/** Whether a person has to say something about it. */
export const asks = (handling: string | undefined): boolean => !((handling ?? "") in HANDLINGS);

/** The ways that are left: the one that it is treated in is none; whose book it is may change. */
export function waysOf(handling: string | undefined): ("adopt" | "ignore" | "attribute")[] {
  return (["adopt", "ignore", "attribute"] as const).filter((way) => way === "attribute" || handling !== `EXTERNAL_HANDLING_${way.toUpperCase()}`);
}

export const nameOfBreak = (type: string): string => NAMES[type] ?? type;
