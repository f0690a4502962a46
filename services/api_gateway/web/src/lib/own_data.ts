// A user's own bars: what the gateway tells of them, and how a file gets into one request.

export interface DataSet {
  name: string;
  version: number;
  symbol: string;
  timeframe: string;
  rows: string;
  first_start?: string;
  last_start?: string;
  gaps: string;
  missing_bars: string;
  has_quotes: boolean;
  format: string;
  instrument: string;
  file_name: string;
  source_sha256: string;
  import_time?: string;
  actor: string;
  left_out: string;
  in_use: boolean;
}
export interface DataProblem {
  line: string;
  kind: string;
  detail: string;
  repair: string;
}
export interface ImportAnswer {
  stored: boolean;
  existed: boolean;
  acceptable: boolean;
  data_set?: DataSet;
  problems?: DataProblem[];
  problem_count: string;
  notes?: string[];
}
export interface DataGap {
  first_missing: string;
  last_missing: string;
  missing_bars: string;
}

/** Of one request, in base64; the gateway takes a body of 1 MiB. */
export const kContentMax = 1_000_000;

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** "3 lines are wrong" with what a person can do. */
export function verdict(answer: ImportAnswer, dryRun: boolean): string {
  const set = answer.data_set;
  const what = set ? `${set.rows} bars of ${set.symbol}, ${set.timeframe}` : "";
  if (!answer.acceptable) return `Refused: ${answer.problem_count} problems. Nothing was stored.`;
  if (dryRun) return `${what}: would be taken.`;
  if (answer.existed) return `${what}: was there already as ${set?.name}@${set?.version}.`;
  return `${what}: stored as ${set?.name}@${set?.version}.`;
}

/** What the symbol of a file is, where the market does not know it. */
export interface OwnInstrument {
  symbol: string;
  /** "EQUITY", "CRYPTO", or empty: the market knows it. */
  assetClass: string;
  tick: string;
  lot: string;
}
export const kNoInstrument: OwnInstrument = { symbol: "", assetClass: "", tick: "", lot: "" };

export function instrumentProblem(own: OwnInstrument): string | undefined {
  if (own.symbol !== "" && !/^[A-Za-z0-9._:-]{1,64}$/.test(own.symbol)) return "Letters, digits and . _ : -";
  if (own.assetClass !== "" && own.symbol === "") return "Which symbol is it?";
  return undefined;
}

/** As the import takes it: the symbol alone, or all that it is. */
export function instrumentBody(own: OwnInstrument): Record<string, unknown> {
  if (own.assetClass === "") return own.symbol === "" ? {} : { symbol: own.symbol };
  const lot = own.lot || (own.assetClass === "EQUITY" ? "1" : "0.0001");
  return { instrument: `${own.symbol},asset_class=${own.assetClass}${own.tick ? `,tick_size=${own.tick}` : ""},lot_size=${lot}`, ...(own.tick ? {} : { guess_tick: true }) };
}
