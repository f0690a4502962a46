import { create } from "zustand";
import { call, get, post } from "../api/client";
import type { Account, Alert, Deployment, Order, RiskState } from "../api/types";
import { readSelection, writeSelection } from "../lib/address";
import { kQuoteAgeMaxMs, type Arrivals } from "../lib/freshness";
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
  /** What risk said of each account, and the wall time of its answer. */
  risks: Readonly<Record<string, { state: RiskState; at: number }>>;
  symbol: string;
  frame: string;
  /** When each quote was seen to change. */
  arrivals: Arrivals;
  /** Market time of orders, by id, where the record has the wall's only (a replayed market). */
  orderTimes: Readonly<Record<string, string>>;
  /** A thing to find on the chart; `version` rises with each wish. */
  focus: { symbol: string; time: string; text: string; version: number } | null;
  /** Panels on the screen whose source is too old. */
  stalePanels: number;
  notices: Notice[];
}

const kSelection = typeof location === "undefined" ? { account: "", symbol: "", frame: "" } : readSelection(location.search);

export const useStore = create<Store>()(() => ({
  model: kEmpty,
  connection: "connecting",
  lastMessageAt: 0,
  retryAt: 0,
  stale: true,
  accounts: [],
  accountId: kSelection.account,
  risks: {},
  symbol: kSelection.symbol,
  frame: kSelection.frame,
  arrivals: {},
  orderTimes: {},
  focus: null,
  stalePanels: 0,
  notices: [],
}));

export const useModel = <T>(select: (model: Model) => T): T => useStore((s) => select(s.model));

// The address follows the selection, whoever changes it.
if (typeof location !== "undefined") {
  useStore.subscribe((now, before) => {
    if (now.accountId === before.accountId && now.symbol === before.symbol && now.frame === before.frame) return;
    const search = writeSelection(location.search, { account: now.accountId, symbol: now.symbol, frame: now.frame });
    if (search !== location.search) history.replaceState(null, "", `${location.pathname}${search}${location.hash}`);
  });
}

/** What risk said of the account that is looked at; never another one's. */
export const useRisk = (): RiskState | null => useStore((s) => s.risks[s.accountId]?.state ?? null);

/** Prices older than this are refused by risk, and grey here. */
export const useQuoteAgeMax = (): number =>
  useStore((s) => Number(s.risks[s.accountId]?.state.limits?.quote_age_ms_max ?? 0) || kQuoteAgeMaxMs);

export const useReplay = (): boolean => useStore((s) => s.model.status?.market_source === "replay");

export function selectAccount(accountId: string): void {
  useStore.setState({ accountId });
  void refreshAccount().catch(() => {});
}

/** Brings a symbol, and a moment of it, into sight: on this screen's chart, or on the one of the trade screen. */
export function showOnChart(symbol: string, time = "", text = ""): void {
  useStore.setState((s) => ({ symbol, focus: { symbol, time, text, version: (s.focus?.version ?? 0) + 1 } }));
  if (!document.querySelector(".chart-panel.is-prices")) location.hash = "#/trade";
}

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
  // No account at all is no answer: the order manager may be starting. What is looked at does not change by that.
  if (known.length === 0) {
    if (current) await refreshRisk(current);
    return;
  }
  const there = known.some((a) => a.account_id === current);
  const accountId = there ? current : await firstAccount(known);
  if (!there && current) notify("failed", `There is no account ${current}. This is ${accountId}.`);
  useStore.setState({ accounts: known, accountId });
  await refreshRisk(accountId);
}

/** Where none is named: the server's default account, if it is one of these. */
async function firstAccount(known: readonly Account[]): Promise<string> {
  const answer = known.length > 1 ? await get<{ summary?: { account_id?: string } }>("/api/live/summary").catch(() => null) : null;
  return known.find((a) => a.account_id === answer?.summary?.account_id)?.account_id ?? known[0]!.account_id;
}

/** Kept under the account it was asked for: an answer that comes after a switch cannot become another account's. */
export async function refreshRisk(accountId: string): Promise<RiskState> {
  const state = await get<RiskState>(`/api/live/risk?account_id=${encodeURIComponent(accountId)}`);
  useStore.setState((s) => ({ risks: { ...s.risks, [accountId]: { state, at: Date.now() } } }));
  return state;
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

/** Those that were seen, by their ids: what came since stays new. The changed rows come by the stream. */
export async function acknowledgeAll(alerts: readonly Alert[]): Promise<void> {
  await post("/api/live/alerts/acknowledge", { alert_ids: alerts.map((a) => String(a.alert_id)) });
  for (const alert of alerts) showAlert({ ...alert, acknowledged: true });
}
