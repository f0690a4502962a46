// What the page looks at is in its address: "?account=paper&symbol=BTC-USD&frame=1m#/orders?tab=all". The part before the
// hash stays when a link goes to another view, survives a reload and can be sent to a colleague.

export interface Selection {
  account: string;
  symbol: string;
  /** Empty while none was chosen. */
  frame: string;
}

export const kFrames = ["1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"] as const;

/** The frame while none is chosen: recorded days are minutes, and a finer frame would only show dots. */
export const frameOr = (chosen: string, replay: boolean): string => chosen || (replay ? "1m" : "5s");

const kName = /^[A-Za-z0-9._:/-]{1,64}$/;
const named = (text: string | null): string => (text !== null && kName.test(text) ? text : "");

export function readSelection(search: string): Selection {
  const query = new URLSearchParams(search);
  const frame = query.get("frame") ?? "";
  return {
    account: named(query.get("account")),
    symbol: named(query.get("symbol")),
    frame: (kFrames as readonly string[]).includes(frame) ? frame : "",
  };
}

/** The search part with the selection in it; what else stands there is kept. */
export function writeSelection(search: string, selection: Selection): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(selection)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

const kColours = 8;

/** A colour number an account. It follows from the name, so that it stays when accounts come and go, unless it is taken. */
export function accountColours(ids: readonly string[]): Record<string, number> {
  const colours: Record<string, number> = {};
  const taken = new Set<number>();
  for (const id of [...ids].sort()) {
    let hash = 7;
    for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
    let colour = hash % kColours;
    for (let tries = 0; taken.has(colour) && tries < kColours; ++tries) colour = (colour + 1) % kColours;
    taken.add(colour);
    colours[id] = colour;
  }
  return colours;
}
