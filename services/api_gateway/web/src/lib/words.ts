/** "ORDER_STATUS_PARTIALLY_FILLED" with prefix "ORDER_STATUS_" to "Partially filled". */
export function word(name: string | null | undefined, prefix: string): string {
  if (!name) return "–";
  const rest = (name.startsWith(prefix) ? name.slice(prefix.length) : name).replaceAll("_", " ").toLowerCase();
  return rest === "unspecified" ? "–" : rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** Enum name without its prefix: "BUY". */
export function bare(name: string | null | undefined, prefix: string): string {
  if (!name) return "";
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

export function sentence(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** An idempotency key. getRandomValues works on plain http too, where randomUUID does not exist. */
export function newKey(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `${prefix}-${Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")}`;
}

export function csv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
