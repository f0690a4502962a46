import type { Order, Rejection } from "../api/types";
import * as decimal from "./decimal";
import { bare } from "./words";

export interface RouteLeg {
  number: number;
  account_id: string;
  broker: string;
  quantity: string;
  limit_price: string;
  average_price: string;
  fees: string;
  latency_cost: string;
  reliability_cost: string;
  all_in_amount: string;
}
export interface RouteVenue {
  account_id: string;
  broker: string;
  best_price?: string | null;
  depth?: string | null;
  taker_fee_ratio?: string | null;
  available?: string | null;
  latency_ms?: string | null;
  score?: string | null;
  book_age_ms?: string | number;
  left_out?: Rejection | null;
}
export interface RoutePlan {
  legs?: RouteLeg[];
  venues?: RouteVenue[];
  unplaced_quantity: string;
  all_in_amount: string;
  best_single_amount?: string | null;
}
export interface RouteSpec {
  symbol: string;
  side: string;
  quantity: string;
  limit_price?: string | null;
  account_ids?: string[];
}
export interface ExecutedLeg {
  leg: RouteLeg;
  state: string;
  replan?: number;
  order?: Order | null;
  error?: string;
}
export interface Route {
  request_id: string;
  spec: RouteSpec;
  state: string;
  actor: string;
  plan: RoutePlan;
  legs?: ExecutedLeg[];
  replans?: number;
  filled_quantity: string;
  average_price: string;
  fees: string;
  note?: string;
  create_time: string;
}

/** There is something to choose from: accounts that trade, at more than one venue. */
export function canRoute(accounts: readonly { broker?: string; halted?: boolean }[]): boolean {
  return new Set(accounts.filter((a) => !a.halted).map((a) => a.broker || "paper")).size > 1;
}

/** What the split saves against the best one venue alone; null where there is no such venue, or nothing is saved. */
export function saved(plan: RoutePlan, side: string): string | null {
  if (!plan.best_single_amount) return null;
  const less = side === "SIDE_BUY" ? decimal.subtract(plan.best_single_amount, plan.all_in_amount) : decimal.subtract(plan.all_in_amount, plan.best_single_amount);
  return decimal.sign(less) > 0 ? less : null;
}

/** Why a venue is not in the plan. */
export function leftOutWords(venue: RouteVenue): string {
  if (!venue.left_out) return "";
  return `${bare(venue.left_out.reason, "REJECT_REASON_")}: ${venue.left_out.message}`;
}

export function routeWords(route: Route): string {
  const filled = `${decimal.format(route.filled_quantity)} of ${decimal.format(route.spec.quantity)}`;
  return route.note ? `${filled} · ${route.note}` : filled;
}

export const isRouteEnded = (route: Route): boolean => route.state !== "ROUTE_STATE_WORKING";

/** The refusal of a route like one of a moment ago: a second one can be meant. */
export const looksLikeRepeat = (refusal: { reason: string }): boolean => refusal.reason === "REJECT_REASON_DUPLICATE_ORDER";
