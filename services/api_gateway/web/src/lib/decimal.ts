// Exact decimals as text. Prices, quantities and money arrive as strings and stay exact: BigInt units at a scale.
// A JavaScript number is made only to draw (toNumber).

export interface Decimal {
  /** value = units / 10^scale */
  units: bigint;
  scale: number;
}

const kPattern = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Accepts what the server accepts: optional '-', digits, optional fraction. Anything else is null. */
export function parse(text: string | null | undefined): Decimal | null {
  if (text === null || text === undefined) return null;
  const match = kPattern.exec(text);
  if (!match) return null;
  const fraction = match[3] ?? "";
  const units = BigInt(match[2] + fraction);
  return { units: match[1] === "-" ? -units : units, scale: fraction.length };
}

function orZero(text: string | null | undefined): Decimal {
  return parse(text) ?? { units: 0n, scale: 0 };
}

function align(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}

function toText(units: bigint, scale: number): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale > 0 ? digits.slice(digits.length - scale).replace(/0+$/, "") : "";
  return (negative ? "-" : "") + whole + (fraction ? `.${fraction}` : "");
}

/** Canonical text: no trailing zeros in the fraction, "0" for zero. Unreadable text gives "0". */
export function normalise(text: string | null | undefined): string {
  const value = orZero(text);
  return toText(value.units, value.scale);
}

export function compare(a: string | null | undefined, b: string | null | undefined): -1 | 0 | 1 {
  const [x, y] = align(orZero(a), orZero(b));
  return x < y ? -1 : x > y ? 1 : 0;
}

export function sign(text: string | null | undefined): -1 | 0 | 1 {
  const { units } = orZero(text);
  return units < 0n ? -1 : units > 0n ? 1 : 0;
}

export function isZero(text: string | null | undefined): boolean {
  return sign(text) === 0;
}

export function add(a: string | null | undefined, b: string | null | undefined): string {
  const [x, y, scale] = align(orZero(a), orZero(b));
  return toText(x + y, scale);
}

export function subtract(a: string | null | undefined, b: string | null | undefined): string {
  const [x, y, scale] = align(orZero(a), orZero(b));
  return toText(x - y, scale);
}

export function multiply(a: string | null | undefined, b: string | null | undefined): string {
  const x = orZero(a);
  const y = orZero(b);
  return toText(x.units * y.units, x.scale + y.scale);
}

/** a / b rounded half away from zero to `places`; null when b is zero. */
export function divide(a: string | null | undefined, b: string | null | undefined, places: number): string | null {
  const [x, y] = align(orZero(a), orZero(b));
  if (y === 0n) return null;
  return toText(roundedQuotient(x * 10n ** BigInt(places), y), places);
}

export function absolute(text: string | null | undefined): string {
  const value = orZero(text);
  return toText(value.units < 0n ? -value.units : value.units, value.scale);
}

export function negate(text: string | null | undefined): string {
  const value = orZero(text);
  return toText(-value.units, value.scale);
}

export function sum(values: Iterable<string | null | undefined>): string {
  let total = "0";
  for (const value of values) total = add(total, value);
  return total;
}

function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const quotient = (2n * n + d) / (2n * d);
  return negative ? -quotient : quotient;
}

/** Rounded half away from zero. */
export function round(text: string | null | undefined, places: number): string {
  const value = orZero(text);
  if (value.scale <= places) return toText(value.units, value.scale);
  return toText(roundedQuotient(value.units, 10n ** BigInt(value.scale - places)), places);
}

/** Decimals behind the point, after trailing zeros are dropped: the scale of a tick or lot size. */
export function placesOf(text: string | null | undefined): number {
  const point = normalise(text).indexOf(".");
  return point < 0 ? 0 : normalise(text).length - point - 1;
}

export function isMultipleOf(text: string, step: string | null | undefined): boolean {
  const [x, y] = align(orZero(text), orZero(step));
  return y === 0n || x % y === 0n;
}

export interface FormatOptions {
  /** Pads with zeros up to this many places; never cuts. */
  minimumPlaces?: number;
  /** Puts a plus before positive values. */
  plus?: boolean;
  group?: boolean;
}

/** For people: grouped thousands, a real minus sign, every digit kept. */
export function format(text: string | null | undefined, options: FormatOptions = {}): string {
  if (parse(text) === null) return "–";
  const { minimumPlaces = 0, plus = false, group = true } = options;
  const canonical = normalise(text);
  const negative = canonical.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? canonical.slice(1) : canonical).split(".");
  const shown = group ? whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") : whole;
  const padded = fraction.padEnd(minimumPlaces, "0");
  const prefix = negative ? "\u2212" : plus && !isZero(text) ? "+" : "";
  return prefix + shown + (padded ? `.${padded}` : "");
}

/** Money of an account: two places, unless it is so small that two places would hide it; then whole. */
export function formatMoney(text: string | null | undefined, plus = false): string {
  if (parse(text) === null) return "–";
  const rounded = round(text, 2);
  if (isZero(rounded) && !isZero(text)) return format(text, { plus });
  return format(rounded, { minimumPlaces: 2, plus });
}

/** A fraction (0.0123) as per cent ("1.23 %"). */
export function formatRatio(text: string | null | undefined, places = 2, plus = false): string {
  if (parse(text) === null) return "–";
  return `${format(round(multiply(text, "100"), places), { minimumPlaces: places, plus })}%`;
}

/** Per cent as typed ("2.5") to the fraction the server wants ("0.025"); null when it is not a number. */
export function ratioFromPercent(text: string): string | null {
  return parse(text.trim()) === null ? null : multiply(text.trim(), "0.01");
}

/** To draw with. Never to calculate with. */
export function toNumber(text: string | null | undefined): number {
  return Number(normalise(text));
}

/** A fraction ("0.025") as per cent to type or read ("2.5"), exact. Empty stays empty. */
export function percentFromRatio(text: string | null | undefined): string {
  return parse(text) === null ? "" : multiply(text, "100");
}

/** `used` as per cent of `limit`, cut and not rounded, so that 99.96 % never reads as 100 %; null without a limit. */
export function percentOf(used: string | null | undefined, limit: string | null | undefined, places = 1): string | null {
  if (parse(used) === null || parse(limit) === null || sign(limit) <= 0) return null;
  const [x, y] = align(orZero(used), orZero(limit));
  return toText((x * 100n * 10n ** BigInt(places)) / y, places);
}

/** To read at a glance: at most `digits` significant digits, but never a digit less in front of the point. */
export function significant(text: string, digits: number): string {
  const value = parse(text);
  if (value === null) return text;
  const magnitude = (value.units < 0n ? -value.units : value.units).toString().length - value.scale;
  return round(text, Math.max(0, digits - (value.units === 0n ? 1 : magnitude)));
}
