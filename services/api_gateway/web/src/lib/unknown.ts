// An order of which nobody knows what became: what is known of it, and what a person may say. Pure.
import type { Order, OrderEvidence } from "../api/types";
import { millis } from "./time";
import { bare } from "./words";

export const isUnknown = (order: Pick<Order, "status" | "outcome_unknown">): boolean => order.outcome_unknown === true || order.status === "ORDER_STATUS_UNKNOWN";

const kQuestions: Record<string, string> = { ORDER: "the order, by our id", TRADES: "its trades", OPEN_ORDERS: "what is open", PERSON: "a person" };
export const questionWords = (question: string): string => kQuestions[bare(question, "VENUE_QUESTION_")] ?? question.toLowerCase();

export type Silence = "counts" | "too_early" | "proves_nothing" | "not_known";
/** What the venue's silence is worth now. */
export function silenceOf(told: OrderEvidence | null, nowMs: number): Silence {
  const evidence = told?.evidence;
  if (!evidence) return "not_known";
  const horizon = millis(evidence.horizon);
  if (horizon === null) return evidence.send_time ? "proves_nothing" : "not_known";
  return nowMs > horizon ? "counts" : "too_early";
}
export const silenceWords: Record<Silence, string> = {
  counts: "The venue takes it no more: from here on its silence counts, and the suite ends it by itself once the answers suffice.",
  too_early: "The venue may still take it: an order that is on its way can come any moment.",
  proves_nothing: "This venue has no acceptance window: its silence proves nothing, however long it lasts. Only the venue or a person ends it.",
  not_known: "What has been asked is not known now: the broker gateway does not say. Look at the venue itself.",
};

export type Decision = "taken" | "never";
/** What is wrong with a decision; empty: it can be sent. */
export function decisionProblem(decision: Decision | "", venueId: string, reason: string): string {
  if (decision === "") return "Choose what you have seen at the venue";
  if (decision === "taken" && venueId.trim() === "") return "The venue's own id of the order is needed";
  if (reason.trim() === "") return "How you know is needed: it is in the audit with your name";
  return "";
}
/** Whether this asks for the same that another person has asked for. */
export function confirms(told: OrderEvidence | null, me: string, decision: Decision | "", venueId: string): boolean {
  const awaited = told?.awaited;
  return !!awaited && awaited.asked_by !== me && decision !== "" && (awaited.broker_order_id ?? "") === (decision === "taken" ? venueId.trim() : "");
}
