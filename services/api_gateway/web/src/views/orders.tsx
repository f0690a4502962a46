import { useEffect, useMemo, useState } from "react";
import { get, post } from "../api/client";
import { kRefused, kWorking, type Fill, type Order } from "../api/types";
import { withOrderTimes } from "../lib/order_times";
import * as decimal from "../lib/decimal";
import { bare, newKey, sentence, word } from "../lib/words";
import { cancelOrder, notify, showOrder, useModel, useReplay, useStore } from "../state/store";
import { Age, Empty, Failure, Moment, Panel, Price, SideWord, State, useAction } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";
import { canReplace } from "../lib/replace";
import { isUnknown } from "../lib/unknown";
import { ReplaceDialog } from "../ui/replace_dialog";
import { ResolveDialog } from "../ui/resolve_dialog";
import { Tabs } from "../ui/tabs";
import { OrderView } from "./order";

export function CancelButton({ order }: { order: Order }) {
  const { busy, error, run } = useAction();
  useEffect(() => {
    if (error) notify("failed", `Cancel of ${order.symbol}: ${error instanceof Error ? error.message : String(error)}`);
  }, [error]);
  if (!kWorking.has(order.status)) return null;
  // The state of the order decides, never the mode of the page.
  if (order.cancel_requested || order.status === "ORDER_STATUS_PENDING_CANCEL") {
    return (
      <span className="tone-warn">
        cancelling <Age since={order.update_time} />
      </span>
    );
  }
  return (
    <button type="button" className="button small" disabled={busy} onClick={() => run(() => cancelOrder(order.order_id))}>
      {busy ? "Cancelling…" : "Cancel"}
    </button>
  );
}

/** What its state allows: other terms, a cancel, or a word about what became of it. */
export function OrderActions({ order }: { order: Order }) {
  const [open, setOpen] = useState<"" | "replace" | "resolve">("");
  const close = () => setOpen("");
  return (
    <span className="order-actions">
      {isUnknown(order) && <button type="button" className="button small" onClick={() => setOpen("resolve")}>Resolve…</button>}
      {canReplace(order) && <button type="button" className="button small" onClick={() => setOpen("replace")}>Change…</button>}
      <CancelButton order={order} />
      {open === "replace" && <ReplaceDialog order={order} onClose={close} />}
      {open === "resolve" && <ResolveDialog order={order} onClose={close} />}
    </span>
  );
}

/** Its state; one that is being cancelled while nobody knows what became of it says both. */
export function OrderState({ order }: { order: Order }) {
  const unknown = order.outcome_unknown === true && order.status !== "ORDER_STATUS_UNKNOWN";
  return (
    <>
      <State name={order.status} prefix="ORDER_STATUS_" />
      {unknown && <> <State name="ORDER_STATUS_UNKNOWN" prefix="ORDER_STATUS_" /></>}
    </>
  );
}

const openOrder = (order: Order) => {
  const tab = new URLSearchParams(location.hash.split("?")[1]).get("tab");
  location.hash = `#/orders/${encodeURIComponent(order.order_id)}${tab ? `?${new URLSearchParams({ tab })}` : ""}`;
};

/** Market time first, as everything else of a replay; the wall's beside it. */
function OrderTime({ order }: { order: Order }) {
  const replay = useReplay();
  const known = useStore((s) => s.orderTimes[order.order_id]);
  if (!replay) return <Moment at={order.create_time} />;
  const market = order.market_time || known;
  return <span className="two-times">{market ? <Moment at={market} /> : <span className="muted">market time not known</span>}<small className="muted" title="When it was asked for, by the clock on the wall"> wall <Moment at={order.create_time} /></small></span>;
}

function Ended({ order }: { order: Order }) {
  const replay = useReplay();
  return <span>{replay && <small className="muted">wall </small>}<Moment at={order.update_time} /></span>;
}

/** In a replay: when orders were decided or filled, in the market's time. Decisions and fills say it, order records need not. */
function useOrderTimes(): void {
  const replay = useReplay();
  const accountId = useStore((s) => s.accountId);
  const decisions = useModel((m) => m.decisions);
  const fillVersion = useModel((m) => m.fillVersion);
  useEffect(() => {
    if (!replay || !accountId) return;
    let current = true;
    get<{ fills?: Fill[] }>(`/api/live/fills?account_id=${encodeURIComponent(accountId)}&page_size=500`)
      .then(({ fills }) => current && useStore.setState((s) => ({ orderTimes: withOrderTimes(s.orderTimes, fills ?? [], []) })))
      .catch(() => {});
    return () => {
      current = false;
    };
  }, [replay, accountId, fillVersion]);
  useEffect(() => {
    if (replay) useStore.setState((s) => ({ orderTimes: withOrderTimes(s.orderTimes, [], Object.values(decisions)) }));
  }, [replay, decisions]);
}

const kColumns: readonly Column<Order>[] = [
  { key: "time", label: "Time", wideOnly: true, cell: (o) => <OrderTime order={o} /> },
  {
    key: "symbol",
    label: "Symbol",
    cell: (o) => (
      <>
        <button type="button" className="link strong" onClick={() => openOrder(o)}>
          {o.symbol}
        </button>
        <span className="narrow-only">
          <SideWord side={o.side} />
        </span>
      </>
    ),
  },
  { key: "side", label: "Side", wideOnly: true, cell: (o) => <SideWord side={o.side} /> },
  { key: "type", label: "Type", wideOnly: true, cell: (o) => `${word(o.type, "ORDER_TYPE_")} ${bare(o.time_in_force, "TIME_IN_FORCE_")}` },
  {
    key: "quantity",
    label: "Filled",
    end: true,
    cell: (o) => (
      <span className="number">
        {decimal.format(o.cumulative_quantity)} / {decimal.format(o.quantity)}
      </span>
    ),
  },
  { key: "price", label: "Price", end: true, cell: (o) => (o.limit_price || o.stop_price ? <Price value={o.limit_price || o.stop_price} symbol={o.symbol} /> : <><span className="wide-only">–</span><span className="narrow-only"><Price value={o.average_price} symbol={o.symbol} /></span></>) },
  { key: "average", label: "Average", end: true, wideOnly: true, cell: (o) => <Price value={o.average_price} symbol={o.symbol} /> },
  { key: "state", label: "State", cell: (o) => <OrderState order={o} /> },
  { key: "age", label: "In state", end: true, wideOnly: true, cell: (o) => (kWorking.has(o.status) ? <Age since={o.update_time} /> : <Ended order={o} />) },
  { key: "from", label: "From", wideOnly: true, cell: (o) => <span className="muted">{o.deployment_id || o.reason || "manual"}</span> },
  { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (o) => <OrderActions order={o} /> },
];

export function OrdersTable({ orders, empty, label }: { orders: readonly Order[]; empty: React.ReactNode; label: string }) {
  useOrderTimes();
  return <Table label={label} columns={kColumns} rows={orders} rowKey={(o) => o.order_id} empty={empty} onOpen={openOrder} />;
}

export function useOrders(): Order[] {
  const orders = useModel((m) => m.orders);
  const accountId = useStore((s) => s.accountId);
  return useMemo(
    () =>
      Object.values(orders)
        .filter((o) => o.account_id === accountId)
        .sort((a, b) => Number(b.status !== "" && kWorking.has(b.status)) - Number(kWorking.has(a.status)) || Date.parse(b.create_time) - Date.parse(a.create_time)),
    [orders, accountId],
  );
}

export function OrdersView() {
  const { item, query } = useRoute();
  // As links were before orders had a page of their own.
  const former = query.get("order");
  useEffect(() => {
    if (former) location.replace(`#/orders/${encodeURIComponent(former)}`);
  }, [former]);
  const tab = query.get("tab") ?? "working";
  return item ? <OrderView orderId={item} tab={tab} /> : <OrderList tab={tab} />;
}

function OrderList({ tab }: { tab: string }) {
  const accountId = useStore((s) => s.accountId);
  const orders = useOrders();
  const groups: Record<string, Order[]> = {
    working: orders.filter((o) => kWorking.has(o.status)),
    all: orders,
    rejected: orders.filter((o) => kRefused.has(o.status)),
  };
  const { busy, error, run } = useAction();
  const cancelAll = () =>
    run(async () => {
      const answer = await post<{ orders?: Order[] }>("/api/live/orders/cancel-all", { request_id: newKey("web"), account_id: accountId });
      for (const order of answer.orders ?? []) showOrder(order);
      notify("done", `${answer.orders?.length ?? 0} cancel requests are on their way`);
    });
  const empty: Record<string, React.ReactNode> = {
    working: <Empty title="No working orders">Orders that can still change are listed here. <a href="#/trade">Open the ticket</a></Empty>,
    all: <Empty title="No orders yet"><a href="#/trade">Place the first one</a> or <a href="#/deployments">deploy a strategy</a>.</Empty>,
    rejected: <Empty title="Nothing was refused">Orders refused by risk or by the broker would be listed here with the reason.</Empty>,
  };
  return (
    <>
      <h1 className="visually-hidden">Orders</h1>
      <Panel
        title="Orders"
        actions={
          <button type="button" className="button small" disabled={busy || groups.working!.length === 0} onClick={cancelAll}>
            {busy ? "Cancelling…" : "Cancel all working"}
          </button>
        }
      >
        <Tabs label="Orders" selected={tab} onSelect={(name) => setQuery("tab", name)} tabs={(["working", "all", "rejected"] as const).map((name) => ({ name, label: sentence(name), count: groups[name]!.length }))} />
        {error !== null && <Failure error={error} />}
        <OrdersTable label={`${sentence(tab)} orders`} orders={(groups[tab] ?? orders).slice(0, 300)} empty={empty[tab]} />
      </Panel>
    </>
  );
}
