// The limits there are: what each is called for people, in which unit, and which way is looser. Pure.
import * as decimal from "./decimal";

export type LimitKind = "amount" | "ratio" | "count" | "yes";
export interface LimitField {
  name: string;
  label: string;
  kind: LimitKind;
  group: string;
  /** The larger value is the tighter one. */
  upwards?: boolean;
  /** 0 switches it off, so 0 is the loosest. */
  offAtZero?: boolean;
  /** Beyond this it says nothing. */
  offFrom?: string;
  /** What is measured against it on this page. */
  use?: string;
}

/** As libs/risk/limit_field.cc: which way is tighter is the server's word; this is to say beforehand what a change will need. */
export const kLimitFields: readonly LimitField[] = [
  { name: "daily_loss_ratio", label: "Daily loss", kind: "ratio", group: "Losses", use: "daily_loss" },
  { name: "drawdown_ratio", label: "Drawdown", kind: "ratio", group: "Losses", use: "drawdown" },
  { name: "risk_per_trade_ratio", label: "Lost by one order at its stop", kind: "ratio", group: "Losses", offFrom: "10" },
  { name: "portfolio_risk_ratio", label: "Lost by everything at its stops", kind: "ratio", group: "Losses", offFrom: "10" },
  { name: "unprotected_loss_ratio", label: "Counted as lost where there is no stop", kind: "ratio", group: "Losses", upwards: true },
  { name: "daily_loss_clears_next_day", label: "Daily loss re-arms itself with the next day", kind: "yes", group: "Losses" },
  { name: "gross_leverage", label: "Gross leverage, times equity", kind: "amount", group: "Exposure", use: "gross_leverage" },
  { name: "net_leverage", label: "Net leverage, times equity", kind: "amount", group: "Exposure", offFrom: "10", use: "net_leverage" },
  { name: "concentration_ratio", label: "One instrument", kind: "ratio", group: "Exposure", use: "concentration" },
  { name: "max_position_ratio", label: "Position of one book", kind: "ratio", group: "Exposure", use: "max_position" },
  { name: "max_open_positions", label: "Open positions", kind: "count", group: "Exposure", use: "max_open_positions" },
  { name: "max_open_positions_per_deployment", label: "Open positions of a deployment", kind: "count", group: "Exposure", use: "max_open_positions_per_deployment" },
  { name: "derisk_floor", label: "Smallest limits before the stop", kind: "ratio", group: "Exposure" },
  { name: "derisk_start", label: "Smaller from this part of the drawdown limit on", kind: "ratio", group: "Exposure" },
  { name: "derisk_volatility", label: "Smaller above this move in a minute", kind: "ratio", group: "Exposure", offAtZero: true },
  { name: "max_order_quantity", label: "Largest order, units", kind: "amount", group: "Orders" },
  { name: "max_order_notional", label: "Largest order, money", kind: "amount", group: "Orders" },
  { name: "max_open_orders", label: "Open orders", kind: "count", group: "Orders", use: "max_open_orders" },
  { name: "order_rate_per_second", label: "Orders a second", kind: "count", group: "Orders" },
  { name: "order_rate_per_deployment", label: "Orders a second of a deployment", kind: "count", group: "Orders", offFrom: "100000" },
  { name: "repeated_orders_per_second", label: "The same order, times a second", kind: "count", group: "Orders", offFrom: "100000" },
  { name: "price_collar_ratio", label: "Distance from the market", kind: "ratio", group: "Prices" },
  { name: "soft_collar_ratio", label: "Distance that needs no confirmation", kind: "ratio", group: "Prices" },
  { name: "soft_collar_passes_deployments", label: "Deployments beyond it, up to the distance above", kind: "yes", group: "Prices" },
  { name: "quote_age_ms_max", label: "Oldest quote, ms", kind: "count", group: "Prices" },
  { name: "allow_short", label: "Short selling", kind: "yes", group: "Rules" },
  { name: "require_locate", label: "Short sales only with a locate", kind: "yes", group: "Rules", upwards: true },
  { name: "allow_self_trade", label: "Orders that meet own ones", kind: "yes", group: "Rules" },
  { name: "restricted", label: "Reductions only", kind: "yes", group: "Rules", upwards: true },
];
const kByName = new Map(kLimitFields.map((f) => [f.name, f]));
export const limitField = (name: string): LimitField | undefined => kByName.get(name);

/** "restricted" is of scopes only; the account has a list of symbols. */
export const kAccountFields = kLimitFields.filter((f) => f.name !== "restricted");

/** As decimal text, whatever the server's type: yes is 1. */
export function plainValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "1" : "0";
  return decimal.normalise(String(value));
}

/** What people read: per cent, words, grouped digits. */
export function limitText(field: LimitField, value: string): string {
  if (value === "") return "no limit";
  if (field.kind === "yes") return decimal.sign(value) > 0 ? "yes" : "no";
  if (field.offFrom && decimal.compare(value, field.offFrom) >= 0) return "off";
  if (field.offAtZero && decimal.isZero(value)) return "off";
  if (field.kind === "ratio") return `${decimal.format(decimal.percentFromRatio(value))} %`;
  return decimal.format(value);
}

/** What is typed for a value: per cent are per cent. */
export function typedOf(field: LimitField, value: string): string {
  return field.kind === "ratio" ? decimal.percentFromRatio(value) : value;
}
/** The server's value of what was typed; null: it is not a number, or not a possible one. */
export function valueOfTyped(field: LimitField, typed: string): string | null {
  const text = typed.trim();
  if (decimal.parse(text) === null || decimal.sign(text) < 0) return null;
  if ((field.kind === "count" || field.kind === "yes") && decimal.placesOf(decimal.normalise(text)) > 0) return null;
  return field.kind === "ratio" ? decimal.ratioFromPercent(text) : decimal.normalise(text);
}

export type Direction = "same" | "tighter" | "looser";
/** An empty value is no limit at all. */
export function directionOf(field: LimitField, from: string, to: string): Direction {
  if (from === to) return "same";
  if (from === "") return "tighter";
  if (to === "") return "looser";
  const way = decimal.compare(to, from);
  if (way === 0) return "same";
  if (field.offAtZero) {
    if (decimal.isZero(to)) return "looser";
    if (decimal.isZero(from)) return "tighter";
  }
  return way < 0 === !field.upwards ? "tighter" : "looser";
}
