import { create } from "zustand";
import { call, get, post } from "../api/client";
import type { Account, Alert, Deployment, Order, RiskState } from "../api/types";
import { kEmpty, withAlert, withDeployment, withOrder, type Model } from "./reducer";

export type Connection = "connecting" | "live" | "reconnecting";

export interface Notice {
  id: number;
  kind: "done" | "failed";
  text: string;
  reason: string;
}

export interface Store {
  model: Model;
  connection: Connection;
  /** Wall time of the last message of any kind; 0 before the first. */
  lastMessageAt: number;
  /** When the next try to connect starts; 0 while connected. */
  retryAt: number;
  /** Older than 3 s, or not connected. */
  stale: boolean;
  accounts: Account[];
  accountId: string;
  risk: RiskState | null;
  symbol: string;
  notices: Notice[];
}

export const useStore = create<Store>()(() => ({
  model: kEmpty,
  connection: "connecting",
  lastMessageAt: 0,
  retryAt: 0,
  stale: true,
  accounts: [],
  accountId: "",
  risk: null,
  symbol: "",
  notices: [],
}));

export const useModel = <T>(select: (model: Model) => T): T => useStore((s) => select(s.model));

export function showOrder(order: Order): void {
  useStore.setState((s) => ({ model: withOrder(s.model, order) }));
}
export function showAlert(alert: Alert): void {
  useStore.setState((s) => ({ model: withAlert(s.model, alert) }));
}
export function showDeployment(deployment: Deployment): void {
  useStore.setState((s) => ({ model: withDeployment(s.model, deployment) }));
}

let nextNotice = 1;
export function notify(kind: Notice["kind"], text: string, reason = ""): void {
  const id = nextNotice++;
  useStore.setState((s) => ({ notices: [...s.notices.slice(-3), { id, kind, text, reason }] }));
  // A failure stays until it is dismissed.
  if (kind === "done") setTimeout(() => dismiss(id), 6000);
}
export function dismiss(id: number): void {
  useStore.setState((s) => ({ notices: s.notices.filter((n) => n.id !== id) }));
}

/** Accounts (halted or not) and the use of limits are not in the stream: they are read every few seconds. */
export async function refreshAccount(): Promise<void> {
  const { accounts } = await get<{ accounts?: Account[] }>("/api/live/accounts");
  const known = accounts ?? [];
  const current = useStore.getState().accountId;
  const accountId = known.some((a) => a.account_id === current) ? current : (known[0]?.account_id ?? "");
  useStore.setState({ accounts: known, accountId });
  if (accountId) {
    const risk = await get<RiskState>(`/api/live/risk?account_id=${encodeURIComponent(accountId)}`);
    useStore.setState({ risk });
  }
}

export async function cancelOrder(orderId: string): Promise<void> {
  const answer = await call<{ order?: Order; rejection?: { message: string } | null }>("DELETE", `/api/live/orders/${encodeURIComponent(orderId)}`);
  if (answer.order) showOrder(answer.order);
  if (answer.rejection?.message) throw new Error(answer.rejection.message);
}

export async function acknowledgeAlert(alert: Alert): Promise<void> {
  const answer = await post<{ alert?: Alert }>(`/api/alerts/${alert.alert_id}/acknowledge`);
  showAlert(answer.alert ?? { ...alert, acknowledged: true });
}
