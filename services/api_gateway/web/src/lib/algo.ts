import type { Rejection } from "../api/types";
import * as decimal from "./decimal";

export interface ChildOrder {
  number: number;
  request_id: string;
  order_id: string;
  quantity: string;
  filled_quantity: string;
  average_price: string;
  status: string;
  ended: boolean;
  never_sent: boolean;
  send_time: string;
  rejection?: Rejection | null;
}
export interface AlgoSpec {
  account_id: string;
  deployment_id?: string;
  symbol: string;
  side: string;
  quantity: string;
  limit_price?: string | null;
  algo_type: string;
  duration_seconds?: string | number;
  slices?: number;
}
export interface AlgoOrder {
  algo_order_id: string;
  spec: AlgoSpec;
  status: string;
  status_reason?: Rejection | null;
  actor: string;
  create_time: string;
  start_time: string;
  end_time?: string | null;
  finish_time?: string | null;
  filled_quantity: string;
  working_quantity: string;
  remaining_quantity: string;
  average_price: string;
  fees: string;
  scheduled_quantity: string;
  waits_for: string;
  decision_price: string;
  arrival_price: string;
  market_volume: string;
  market_vwap: string;
  child_count: number;
  schedule?: { time: string; cumulative_quantity: string }[];
  children?: ChildOrder[];
}

export const kAlgoTypes: readonly { name: string; label: string; says: string }[] = [
  { name: "ALGO_TYPE_TWAP", label: "TWAP", says: "Equal parts at equal times." },
  { name: "ALGO_TYPE_VWAP", label: "VWAP", says: "Parts as the volume curve has them." },
  { name: "ALGO_TYPE_POV", label: "POV", says: "A share of what the market trades." },
  { name: "ALGO_TYPE_ICEBERG", label: "Iceberg", says: "One resting part at a time." },
  { name: "ALGO_TYPE_IMPLEMENTATION_SHORTFALL", label: "Implementation shortfall", says: "Much at first, less later, by its urgency." },
];

export const algoLabel = (type: string): string => kAlgoTypes.find((one) => one.name === type)?.label ?? type;

const kEnded = ["ALGO_STATUS_FILLED", "ALGO_STATUS_CANCELED", "ALGO_STATUS_EXPIRED", "ALGO_STATUS_STOPPED"];
export const hasEnded = (order: AlgoOrder): boolean => kEnded.includes(order.status);
export const mayPause = (order: AlgoOrder): boolean => order.status === "ALGO_STATUS_RUNNING";
export const mayResume = (order: AlgoOrder): boolean => order.status === "ALGO_STATUS_PAUSED";
export const mayCancel = (order: AlgoOrder): boolean => mayPause(order) || mayResume(order);

/** Parts of the quantity, for a bar: what is filled, and what its schedule wants by now. */
export function progress(order: AlgoOrder): { filled: number; scheduled: number } {
  const part = (value: string) => {
    const ratio = decimal.divide(value, order.spec.quantity, 6);
    return ratio === null ? 0 : Math.min(1, Math.max(0, decimal.toNumber(ratio)));
  };
  return { filled: part(order.filled_quantity), scheduled: part(order.scheduled_quantity) };
}

/** "why it is so", in a few words. */
export function stateWords(order: AlgoOrder): string {
  const why = order.status_reason?.message ?? "";
  if (why !== "") return why;
  return order.waits_for ? `waits for ${order.waits_for}` : "";
}

export interface AlgoDraft {
  type: string;
  symbol: string;
  side: string;
  quantity: string;
  limitPrice: string;
  minutes: string;
  slices: string;
  jitterPercent: string;
  curve: string;
  participationPercent: string;
  display: string;
  urgency: string;
}

/** What is asked for; a term that the type does not know is left out. */
export function specOf(draft: AlgoDraft, accountId: string): Record<string, unknown> {
  const spec: Record<string, unknown> = { account_id: accountId, symbol: draft.symbol, side: draft.side, quantity: draft.quantity.trim(), algo_type: draft.type };
  const put = (name: string, value: string | null) => {
    if (value !== null && value !== "") spec[name] = value;
  };
  put("limit_price", draft.limitPrice.trim());
  const seconds = decimal.multiply(draft.minutes.trim() || "0", "60");
  if (!decimal.isZero(seconds)) spec.duration_seconds = Math.round(decimal.toNumber(seconds));
  const timed = ["ALGO_TYPE_TWAP", "ALGO_TYPE_VWAP", "ALGO_TYPE_IMPLEMENTATION_SHORTFALL"].includes(draft.type);
  if (timed && draft.type !== "ALGO_TYPE_VWAP" && draft.slices.trim() !== "") spec.slices = Number(draft.slices);
  if (draft.type !== "ALGO_TYPE_POV") put("jitter_ratio", decimal.ratioFromPercent(draft.jitterPercent.trim() || ""));
  if (draft.type === "ALGO_TYPE_VWAP") spec.volume_curve = draft.curve.split(/[\s,;]+/).filter((one) => one !== "");
  if (draft.type === "ALGO_TYPE_POV") put("participation_ratio", decimal.ratioFromPercent(draft.participationPercent.trim()));
  if (draft.type === "ALGO_TYPE_ICEBERG") put("display_quantity", draft.display.trim());
  if (draft.type === "ALGO_TYPE_IMPLEMENTATION_SHORTFALL") put("urgency", draft.urgency.trim());
  return spec;
}
