// What an emergency command has done, what is left and why, in words. Pure.
import type { EmergencyState } from "../api/types";
import { moment } from "./time";
import { sentence } from "./words";

export interface Progress {
  done: boolean;
  title: string;
  steps: { label: string; done: boolean; left: string }[];
  safe: string[];
  toDo: string[];
}

const kLevels: Record<string, { title: string; reach: number }> = {
  EMERGENCY_LEVEL_HALT: { title: "Halt", reach: 1 },
  EMERGENCY_LEVEL_CANCEL: { title: "Halt and cancel", reach: 2 },
  EMERGENCY_LEVEL_STOP: { title: "Stop", reach: 3 },
  EMERGENCY_LEVEL_FLATTEN: { title: "Emergency stop", reach: 4 },
};

/** Only the server's `done` makes it done: it has asked the venue, counts on this screen have not. */
export function progressOf(state: EmergencyState): Progress {
  const { title, reach } = kLevels[state.command.level] ?? { title: "Emergency command", reach: 4 };
  const told = state.progress ?? null;
  const open = told?.orders_open ?? 0;
  const held = told?.positions ?? [];
  const runner = (state.neighbours ?? []).find((n) => n.name === "strategy_runner");
  const steps = [{ label: "Account halted", done: state.halted, left: "waiting" }];
  if (reach >= 2) steps.push({ label: "Working orders cancelled", done: state.done || (told !== null && open === 0), left: told ? `${open} left` : "not known yet" });
  if (reach >= 3) steps.push({ label: "Deployments stopped", done: runner?.acknowledged === true, left: "the strategy runner has not acknowledged" });
  if (reach >= 4) steps.push({ label: "Positions closed", done: state.flat, left: held.length > 0 ? held.map((p) => `${p.quantity} ${p.symbol}`).join(", ") : "to be seen at the venue" });
  const toDo = [...(state.to_do ?? [])];
  if (!state.done && toDo.length === 0) toDo.push("what it has come to is not known yet");
  return { done: state.done, title, steps, safe: [...(state.safe ?? [])], toDo: toDo.map(sentence) };
}

/** The command of an account that nobody has taken back, from the newest status. */
export function engagedIn(states: readonly EmergencyState[] | undefined, accountId: string): EmergencyState | null {
  return states?.find((s) => s.engaged && s.command.account_id === accountId) ?? null;
}

/** One line for the banner. */
export function summaryOf(state: EmergencyState): string {
  const { done, title: name, toDo } = progressOf(state);
  const title = state.command.reason ? `${name} (${state.command.reason})` : name;
  if (done) return `${title} done at ${moment(state.done_time)}${state.flat ? ": flat, nothing is open at the venue" : ""}`;
  return `${title} goes on by itself: ${toDo.join("; ")}`;
}

export type Level = "K1" | "K2" | "STOP";
/** Whose: an account (id empty: the one looked at), a deployment, a venue by its broker, or everything there is. */
export interface StopScope {
  kind: "account" | "deployment" | "order" | "venue" | "everything";
  id: string;
}
/** The answer about less than an account: what was counted when it was given. */
export interface ScopedStop {
  scope: { kind: string; id: string; account_id: string };
  level: string;
  done: boolean;
  safe: string[];
  to_do: string[];
  proof: { orders_working: number | null; orders_at_venue: number | null; positions: { symbol: string; quantity: string }[] | null };
}
export interface ManyStopped {
  emergencies: EmergencyState[];
  done: boolean;
  note?: string;
}
export type Pressed = EmergencyState | ScopedStop | ManyStopped;
export const isScoped = (pressed: Pressed): pressed is ScopedStop => "proof" in pressed;
export const statesOf = (pressed: EmergencyState | ManyStopped): EmergencyState[] => ("emergencies" in pressed ? pressed.emergencies : [pressed]);
export const noteOf = (pressed: EmergencyState | ManyStopped): string => ("emergencies" in pressed ? (pressed.note ?? "") : "");

export function scopeWords(scope: StopScope, accountId: string): string {
  if (scope.kind === "everything") return "every account";
  return scope.kind === "account" ? `account ${accountId}` : `${scope.kind} ${scope.id}`;
}

/** Where and with what it is pressed. */
export function stopRequest(scope: StopScope, level: Level, accountId: string, reason: string): { path: string; body: Record<string, unknown> } {
  const rung = level === "STOP" ? "K3" : level;
  switch (scope.kind) {
    case "deployment": return { path: "/api/live/emergency", body: { level: rung, account_id: accountId, deployment_id: scope.id, reason } };
    case "order": return { path: "/api/live/emergency", body: { level: rung, account_id: accountId, order_id: scope.id, reason } };
    case "venue": return { path: "/api/live/emergency/all", body: { level: rung, broker: scope.id, reason } };
    case "everything": return { path: "/api/live/emergency/all", body: { level: rung, reason } };
    default: return level === "STOP" ? { path: "/api/trading/emergency-stop", body: { account_id: accountId, reason, close_positions: true } } : { path: "/api/live/emergency", body: { level, account_id: accountId, reason } };
  }
}
