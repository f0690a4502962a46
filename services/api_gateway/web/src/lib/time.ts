/** RFC 3339 to milliseconds; null when absent. */
export function millis(text: string | null | undefined): number | null {
  if (!text) return null;
  const value = Date.parse(text);
  return Number.isNaN(value) || value <= 0 ? null : value;
}

/** "3d 04h", "2h 14m", "22m", "8s" */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (n: number) => String(n).padStart(2, "0");
  if (days > 0) return `${days}d ${two(hours)}h`;
  if (hours > 0) return `${hours}h ${two(minutes)}m`;
  if (minutes > 0) return `${minutes}m ${two(seconds % 60)}s`;
  return `${seconds}s`;
}

const kTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const kDate = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });

const kYear = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });

/** In the reader's zone: the time alone today, else with the day; with the year when it is another one, or asked for. */
export function moment(text: string | null | undefined, withYear = false): string {
  const value = millis(text);
  if (value === null) return "–";
  const date = new Date(value);
  const now = new Date();
  if (withYear || date.getFullYear() !== now.getFullYear()) return `${kYear.format(date)} ${kTime.format(date)}`;
  return now.toDateString() === date.toDateString() ? kTime.format(date) : `${kDate.format(date)} ${kTime.format(date)}`;
}

/** For hovers. */
export function utc(text: string | null | undefined): string {
  const value = millis(text);
  return value === null ? "" : `${new Date(value).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}
