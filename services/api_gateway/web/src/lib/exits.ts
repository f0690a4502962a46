// What the ticket adds to an order: how a trailing stop follows, and the exits that make it a bracket. Pure.
import * as decimal from "./decimal";

export interface Trail {
  offset: string;
  unit: "PRICE" | "PERCENT" | "TICKS";
  /** Empty: it follows from the start. */
  activation: string;
  /** TRAILING_STOP_LIMIT: how far the limit is behind the stop, in the same unit. */
  limitOffset: string;
}
export interface Exits {
  /** Empty: no such exit. */
  target: string;
  stop: string;
  /** The stop exit follows the market by so many per cent, in place of a fixed price. */
  trailPercent: string;
}

export const kNoTrail: Trail = { offset: "", unit: "PERCENT", activation: "", limitOffset: "" };
export const kNoExits: Exits = { target: "", stop: "", trailPercent: "" };

export const isTrailing = (type: string) => type === "TRAILING_STOP" || type === "TRAILING_STOP_LIMIT";
/** What opens may bring its exits along. */
export const canProtect = (type: string, reduceOnly: boolean) => !reduceOnly && ["MARKET", "LIMIT", "STOP", "STOP_LIMIT"].includes(type);
export const hasExits = (exits: Exits) => exits.target !== "" || exits.stop !== "" || exits.trailPercent !== "";

const isPositive = (text: string) => decimal.parse(text) !== null && decimal.sign(text) > 0;

export function trailProblem(type: string, trail: Trail): string | undefined {
  if (!isTrailing(type) || trail.offset === "") return undefined;
  if (!isPositive(trail.offset)) return "A positive number, for example 1.5";
  if (trail.unit === "PERCENT" && decimal.compare(trail.offset, "100") >= 0) return "Less than 100 per cent";
  if (trail.unit === "TICKS" && !decimal.isMultipleOf(trail.offset, "1")) return "Whole ticks";
  if (type === "TRAILING_STOP_LIMIT" && trail.limitOffset !== "" && (decimal.parse(trail.limitOffset) === null || decimal.sign(trail.limitOffset) < 0)) return "The limit's offset is a number, 0 or more";
  if (trail.activation !== "" && !isPositive(trail.activation)) return "The activation price is a positive number";
  return undefined;
}

export const isTrailComplete = (type: string, trail: Trail) =>
  !isTrailing(type) || (trail.offset !== "" && trailProblem(type, trail) === undefined && (type === "TRAILING_STOP" || trail.limitOffset !== ""));

export function trailBody(type: string, trail: Trail): Record<string, unknown> {
  if (!isTrailing(type)) return {};
  return {
    trailing: {
      offset: trail.offset,
      offset_type: `TRAILING_OFFSET_TYPE_${trail.unit}`,
      ...(trail.activation !== "" ? { activation_price: trail.activation } : {}),
      ...(type === "TRAILING_STOP_LIMIT" ? { limit_offset: trail.limitOffset } : {}),
    },
  };
}

/** Each exit is on its side of where the entry trades, or it would trade as it arrives. */
export function exitsProblem(side: "BUY" | "SELL", entry: string | undefined, exits: Exits): string | undefined {
  for (const price of [exits.target, exits.stop, exits.trailPercent]) {
    if (price !== "" && !isPositive(price)) return "A positive number";
  }
  if (exits.stop !== "" && exits.trailPercent !== "") return "The stop has a price or trails, not both";
  if (exits.trailPercent !== "" && decimal.compare(exits.trailPercent, "100") >= 0) return "Less than 100 per cent";
  if (entry === undefined || !isPositive(entry)) return undefined;
  const better = side === "BUY" ? 1 : -1;
  if (exits.target !== "" && decimal.compare(exits.target, entry) * better <= 0) return `The target is ${side === "BUY" ? "above" : "below"} the entry, ${decimal.format(entry)}`;
  if (exits.stop !== "" && decimal.compare(exits.stop, entry) * better >= 0) return `The stop is ${side === "BUY" ? "below" : "above"} the entry, ${decimal.format(entry)}`;
  return undefined;
}

/** The list that the reviewed order and its exits are. */
export function bracketBody(entry: Record<string, unknown>, exits: Exits): Record<string, unknown> {
  const { account_id: account, request_id: key, confirm_duplicate: confirm, ...first } = entry;
  const exit = {
    symbol: first.symbol,
    side: first.side === "SIDE_BUY" ? "SIDE_SELL" : "SIDE_BUY",
    quantity: first.quantity,
    time_in_force: "TIME_IN_FORCE_GTC",
    reduce_only: true,
  };
  const orders: Record<string, unknown>[] = [first];
  if (exits.target !== "") orders.push({ ...exit, type: "ORDER_TYPE_LIMIT", limit_price: exits.target, reason: "take_profit" });
  if (exits.stop !== "") orders.push({ ...exit, type: "ORDER_TYPE_STOP", stop_price: exits.stop, reason: "stop_loss" });
  if (exits.trailPercent !== "") {
    const trail = trailBody("TRAILING_STOP", { ...kNoTrail, offset: exits.trailPercent });
    orders.push({ ...exit, type: "ORDER_TYPE_TRAILING_STOP", ...trail, reason: "trailing_stop" });
  }
  return { account_id: account, request_id: key, ...(confirm ? { confirm_duplicate: true } : {}), contingency_type: "CONTINGENCY_TYPE_BRACKET", orders };
}

const kUnits: Record<Trail["unit"], string> = { PRICE: "", PERCENT: "%", TICKS: " ticks" };
export function trailWords(trail: Trail): string {
  return `trailing ${decimal.format(trail.offset)}${kUnits[trail.unit]}${trail.activation !== "" ? ` from ${decimal.format(trail.activation)}` : ""}`;
}
export function exitWords(exits: Exits): string {
  const said = [exits.target && `target ${decimal.format(exits.target)}`, exits.stop && `stop ${decimal.format(exits.stop)}`, exits.trailPercent && `stop trailing ${decimal.format(exits.trailPercent)}%`];
  const words = said.filter(Boolean).join(", ");
  return words && `, ${words}`;
}
