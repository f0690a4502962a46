/** A decision that one person has asked for and another one has to ask for too. */
export interface AwaitedDecision {
  kind: string;
  account_id: string;
  order_id: string;
  decision: string;
  reason: string;
  asked_by: string;
  ask_time: string;
  expire_time: string;
}
export interface AwaitedDecisions {
  decisions: AwaitedDecision[];
  resume_needs_two: boolean;
  rearm_needs_two: boolean;
  release_needs_two: boolean;
  /** Services that did not answer: what waits there is not known. */
  missing: string[];
}

/** "asked to …". */
export function awaitedWords(one: Pick<AwaitedDecision, "kind" | "decision" | "order_id">): string {
  switch (one.kind) {
    case "resume":
      return "resume trading";
    case "rearm":
      return `re-arm ${one.decision || "the tripped rules"}`;
    case "release":
      return `let the kill switch go${one.decision ? ` (${one.decision})` : ""}`;
    default:
      return `resolve order ${one.order_id}`;
  }
}

/** A tripped rule as a re-arming names it: this trip, and none that comes after it. */
export function tripName(rule: string, tripTime: string | null | undefined): string {
  return tripTime ? `${rule}:${tripTime}` : rule;
}
