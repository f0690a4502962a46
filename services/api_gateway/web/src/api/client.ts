import type { FieldViolation, Order } from "./types";

/** What every failed call throws: the gateway's one error shape, or a failure to reach it (status "UNREACHABLE"). */
export class ApiError extends Error {
  constructor(
    readonly status: string,
    readonly code: number,
    message: string,
    readonly reason = "",
    readonly violations: FieldViolation[] = [],
    readonly requestId = "",
    /** A refused order comes with its record. */
    readonly order: Order | null = null,
  ) {
    super(message);
  }
}

let csrfToken = "";
let actorName = "user:dashboard";
/** As the server names whoever is signed in here. */
export const actor = (): string => actorName;
interface SessionAnswer {
  csrf_token?: string;
  actor?: string;
}
function take(answer: SessionAnswer): void {
  csrfToken = answer.csrf_token ?? "";
  if (answer.actor) actorName = answer.actor;
}
let onSignedOut: () => void = () => {};

export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

const kTimeoutMs = 15000;

export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const sent: Record<string, string> = { Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) sent["X-Ballast-Csrf"] = csrfToken;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(kTimeoutMs),
    });
    text = await response.text();
  } catch {
    throw new ApiError("UNREACHABLE", 0, "No answer from the gateway. What was asked may or may not have happened.");
  }
  let parsed: unknown = {};
  try {
    parsed = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError("INTERNAL", response.status, "The gateway's answer could not be read.");
  }
  if (!response.ok) {
    const answer = parsed as { error?: Record<string, unknown>; order?: Order };
    const error = answer.error ?? {};
    if (response.status === 401 && path !== "/api/session") onSignedOut();
    throw new ApiError(
      String(error.status ?? "UNKNOWN"),
      response.status,
      String(error.message || response.statusText || "The request failed."),
      error.reason === "REJECT_REASON_UNSPECIFIED" ? "" : String(error.reason ?? ""),
      (error.violations as FieldViolation[] | undefined) ?? [],
      String(error.request_id ?? ""),
      answer.order ?? null,
    );
  }
  return parsed as T;
}

export const get = <T>(path: string): Promise<T> => call<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> =>
  call<T>("POST", path, body, headers);

export async function signIn(token: string): Promise<void> {
  take(await post<SessionAnswer>("/api/session", { token }));
}

/** True when a session is already there (after a hard refresh). */
export async function resumeSession(): Promise<boolean> {
  try {
    take(await get<SessionAnswer>("/api/session"));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code !== 0 && error.code < 500) return false;
    throw error;
  }
}

/** Text for people, with the code they can search for. */
export function explain(error: unknown): { message: string; reason: string } {
  if (error instanceof ApiError) {
    const fields = error.violations.map((v) => `${v.field}: ${v.message || v.reason}`).join("; ");
    const already = error.violations.every((v) => error.message.includes(v.message));
    return { message: fields && !already ? `${error.message} (${fields})` : error.message, reason: error.reason || error.status };
  }
  return { message: error instanceof Error ? error.message : String(error), reason: "" };
}
