import { useMemo, useState } from "react";
import { ApiError, get, post } from "../api/client";
import { algoLabel, hasEnded, kAlgoTypes, mayCancel, mayPause, mayResume, progress, specOf, stateWords, type AlgoDraft, type AlgoOrder, type ChildOrder } from "../lib/algo";
import { newKey } from "../lib/words";
import { notify, useModel, useStore } from "../state/store";
import { Dialog, Empty, Failure, Field, Moment, Panel, Price, Quantity, SideWord, Stat, State, useAction, useFetched } from "../ui/parts";
import { Quality } from "../ui/quality";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";
import { ElsewherePanel } from "./elsewhere";
import { RoutesPanel } from "./routes";

const kPath = "/api/live/algo-orders";
const kEveryMs = 1000;

/** Orders that an algorithm works: how far each is against its schedule, and what can be done about it. */
export function AlgoView() {
  const { item, query } = useRoute();
  const accountId = useStore((s) => s.accountId);
  const activeOnly = query.get("show") !== "all";
  const list = useFetched(() => get<{ algo_orders?: AlgoOrder[] }>(`${kPath}?account_id=${encodeURIComponent(accountId)}&active_only=${activeOnly}&page_size=100`), [accountId, activeOnly], kEveryMs);
  const [creating, setCreating] = useState(false);
  const columns = useMemo(
    (): readonly Column<AlgoOrder>[] => [
      { key: "type", label: "Algorithm", cell: (r) => <strong>{algoLabel(r.spec.algo_type)}</strong> },
      { key: "symbol", label: "Symbol", cell: (r) => r.spec.symbol },
      { key: "side", label: "Side", cell: (r) => <SideWord side={r.spec.side} /> },
      { key: "progress", label: "Filled of its quantity", cell: (r) => <Progress order={r} /> },
      { key: "average", label: "Average", end: true, wideOnly: true, cell: (r) => <Price value={r.average_price} symbol={r.spec.symbol} /> },
      { key: "state", label: "State", cell: (r) => <State name={r.status} prefix="ALGO_STATUS_" /> },
      { key: "why", label: "Why", wideOnly: true, cell: (r) => <span className="clip" title={stateWords(r)}>{stateWords(r)}</span> },
      { key: "end", label: "Until", wideOnly: true, cell: (r) => (r.end_time ? <Moment at={r.end_time} /> : "filled") },
      { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (r) => <Actions order={r} reload={list.reload} /> },
    ],
    [],
  );
  return (
    <>
      <h1 className="visually-hidden">Algorithms</h1>
      <Panel
        title="Algorithm orders"
        meta="each child goes through risk like any other order"
        live={false}
        actions={
          <>
            <select aria-label="Which ones" value={activeOnly ? "" : "all"} onChange={(e) => setQuery("show", e.target.value)}>
              <option value="">Active ones</option>
              <option value="all">All, newest first</option>
            </select>
            <button type="button" className="button small primary" onClick={() => setCreating(true)}>New…</button>
          </>
        }
      >
        {list.error !== null && <Failure error={list.error} retry={list.reload} />}
        <Table
          label="Algorithm orders"
          columns={columns}
          rows={list.data?.algo_orders ?? []}
          rowKey={(r) => r.algo_order_id}
          onOpen={(r) => { location.hash = `#/algorithms/${encodeURIComponent(r.algo_order_id)}`; }}
          empty={list.data ? <Empty title={activeOnly ? "No algorithm works an order" : "There are no algorithm orders yet"}>A large order in parts: by time, by volume, or hidden behind a small one.</Empty> : <Empty title="Reading…" />}
        />
      </Panel>
      <RoutesPanel />
      <ElsewherePanel />
      {item !== "" && <AlgoDrawer id={item} onClose={() => { location.hash = "#/algorithms"; }} />}
      {creating && <CreateDialog onClose={() => setCreating(false)} onDone={list.reload} />}
    </>
  );
}

/** Filled as a bar, with a mark where the schedule is. */
function Progress({ order }: { order: AlgoOrder }) {
  const { filled, scheduled } = progress(order);
  const text = `${order.filled_quantity} of ${order.spec.quantity} filled, ${order.scheduled_quantity} scheduled by now`;
  return (
    <div className="algo-progress" title={text}>
      <div className="meter" role="progressbar" aria-label="Filled" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(filled * 100)} aria-valuetext={text}>
        <div className="meter-fill" style={{ width: `${filled * 100}%` }} />
      </div>
      {!hasEnded(order) && <div className="algo-mark" style={{ left: `${scheduled * 100}%` }} />}
      <small className="number">{order.filled_quantity} / {order.spec.quantity}</small>
    </div>
  );
}

function Actions({ order, reload }: { order: AlgoOrder; reload: () => void }) {
  const { busy, error, run } = useAction();
  const act = (verb: string, done: string) =>
    run(async () => {
      await post(`${kPath}/${encodeURIComponent(order.algo_order_id)}/${verb}`);
      notify("done", `${algoLabel(order.spec.algo_type)} ${order.spec.symbol} ${done}`);
      reload();
    });
  return (
    <span className="algo-actions">
      {mayPause(order) && <button type="button" className="button small" disabled={busy} onClick={() => act("pause", "is paused")}>Pause</button>}
      {mayResume(order) && <button type="button" className="button small" disabled={busy} onClick={() => act("resume", "goes on")}>Resume</button>}
      {mayCancel(order) && <button type="button" className="button small danger" disabled={busy} onClick={() => act("cancel", "is being cancelled")}>Cancel</button>}
      {error !== null && <Failure error={error} />}
    </span>
  );
}

const kChildColumns: readonly Column<ChildOrder>[] = [
  { key: "number", label: "Child", cell: (c) => (c.order_id ? <a href={`#/orders/${encodeURIComponent(c.order_id)}`}>{c.number}</a> : c.number) },
  { key: "time", label: "Sent", cell: (c) => <Moment at={c.send_time} /> },
  { key: "quantity", label: "Quantity", end: true, cell: (c) => <Quantity value={c.quantity} /> },
  { key: "filled", label: "Filled", end: true, cell: (c) => <Quantity value={c.filled_quantity} /> },
  { key: "price", label: "Average", end: true, cell: (c) => <Price value={c.average_price} /> },
  { key: "state", label: "State", cell: (c) => (c.never_sent ? <span className="muted">never sent</span> : <State name={c.status} prefix="ORDER_STATUS_" />) },
  { key: "why", label: "Why", wideOnly: true, cell: (c) => <span className="clip" title={c.rejection?.message}>{c.rejection?.message ?? ""}</span> },
];

function AlgoDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const one = useFetched(() => get<{ algo_order: AlgoOrder }>(`${kPath}/${encodeURIComponent(id)}`), [id], kEveryMs);
  const order = one.data?.algo_order;
  return (
    <Dialog title={order ? `${algoLabel(order.spec.algo_type)} · ${order.spec.symbol}` : "Algorithm order"} onClose={onClose} wide drawer>
      {one.error !== null && <Failure error={one.error} retry={one.reload} />}
      {order && (
        <>
          <p><State name={order.status} prefix="ALGO_STATUS_" /> {stateWords(order)}</p>
          <Progress order={order} />
          <div className="card-stats">
            <Stat label="Filled"><Quantity value={order.filled_quantity} /></Stat>
            <Stat label="Working"><Quantity value={order.working_quantity} /></Stat>
            <Stat label="Remaining"><Quantity value={order.remaining_quantity} /></Stat>
            <Stat label="Scheduled by now"><Quantity value={order.scheduled_quantity} /></Stat>
            <Stat label="Average price"><Price value={order.average_price} symbol={order.spec.symbol} /></Stat>
            <Stat label="Arrival price"><Price value={order.arrival_price} symbol={order.spec.symbol} /></Stat>
            <Stat label="Market's VWAP"><Price value={order.market_vwap} symbol={order.spec.symbol} /></Stat>
          </div>
          <Actions order={order} reload={one.reload} />
          <Quality query={`algo_order_id=${encodeURIComponent(id)}`} />
          <h3>Children</h3>
          <Table label="Children" columns={kChildColumns} rows={[...(order.children ?? [])].reverse()} rowKey={(c) => String(c.number)} empty={<Empty title="None has been sent yet" />} />
        </>
      )}
    </Dialog>
  );
}

function CreateDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const accountId = useStore((s) => s.accountId);
  const selected = useStore((s) => s.symbol);
  const instruments = useModel((m) => m.instruments);
  const [draft, setDraft] = useState<AlgoDraft>({ type: "ALGO_TYPE_TWAP", symbol: selected ?? "", side: "SIDE_BUY", quantity: "", limitPrice: "", minutes: "10", slices: "", jitterPercent: "", curve: "", participationPercent: "10", display: "", urgency: "2" });
  // The same terms again are the same order, whatever became of the answer.
  const [key, setKey] = useState(() => newKey("algo"));
  const { busy, error, run } = useAction();
  const set = (name: keyof AlgoDraft) => (value: string) => {
    setDraft((d) => ({ ...d, [name]: value }));
    setKey(newKey("algo"));
  };
  const text = (name: keyof AlgoDraft, label: string, hint = "") => (
    <Field label={label} hint={hint}>
      {(id, note) => <input id={id} aria-describedby={note} value={draft[name]} onChange={(e) => set(name)(e.target.value)} />}
    </Field>
  );
  const submit = () =>
    run(async () => {
      await post(kPath, { request_id: key, spec: specOf(draft, accountId) });
      notify("done", `${algoLabel(draft.type)} ${draft.symbol} is at work`);
      onDone();
      onClose();
    });
  const timed = draft.type === "ALGO_TYPE_TWAP" || draft.type === "ALGO_TYPE_IMPLEMENTATION_SHORTFALL";
  return (
    <Dialog title="An order for an algorithm" onClose={onClose}>
      <Field label="Algorithm" hint={kAlgoTypes.find((one) => one.name === draft.type)?.says}>
        {(id, note) => (
          <select id={id} aria-describedby={note} value={draft.type} onChange={(e) => set("type")(e.target.value)}>
            {kAlgoTypes.map((one) => <option key={one.name} value={one.name}>{one.label}</option>)}
          </select>
        )}
      </Field>
      <Field label="Symbol">
        {(id) => (
          <select id={id} value={draft.symbol} onChange={(e) => set("symbol")(e.target.value)}>
            {Object.keys(instruments).sort().map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        )}
      </Field>
      <Field label="Side">
        {(id) => (
          <select id={id} value={draft.side} onChange={(e) => set("side")(e.target.value)}>
            <option value="SIDE_BUY">Buy</option>
            <option value="SIDE_SELL">Sell</option>
          </select>
        )}
      </Field>
      {text("quantity", "Quantity in all")}
      {text("limitPrice", "Limit", draft.type === "ALGO_TYPE_ICEBERG" ? "where it rests" : "no part is priced worse; empty: market")}
      {text("minutes", "Minutes", draft.type === "ALGO_TYPE_ICEBERG" ? "empty: until it is filled" : "from its start to its end")}
      {timed && text("slices", "Slices", "empty: one every 30 s")}
      {draft.type === "ALGO_TYPE_VWAP" && text("curve", "Volume curve", "relative volume of each slice: 5 3 2 2 4")}
      {draft.type === "ALGO_TYPE_POV" && text("participationPercent", "Share of the volume", "per cent, at most 50")}
      {draft.type === "ALGO_TYPE_ICEBERG" && text("display", "Shown at a time")}
      {draft.type === "ALGO_TYPE_IMPLEMENTATION_SHORTFALL" && text("urgency", "Urgency", "above 0, at most 20; the more, the sooner")}
      {draft.type !== "ALGO_TYPE_POV" && text("jitterPercent", "Jitter", "per cent of a slice, or of what is shown; at most 50")}
      {error !== null && <Failure error={error} />}
      {error instanceof ApiError && error.violations.length > 0 && (
        <ul className="problems">
          {error.violations.map((v) => <li key={`${v.field}${v.message}`}><code>{v.field}</code> {v.message}</li>)}
        </ul>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button primary" disabled={busy || draft.symbol === "" || draft.quantity.trim() === ""} onClick={submit}>{busy ? "Sending…" : "Start"}</button>
      </div>
    </Dialog>
  );
}
