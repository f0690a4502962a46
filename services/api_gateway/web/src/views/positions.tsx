import { useMemo, useRef, useState } from "react";
import { ApiError, post } from "../api/client";
import type { Order, Position } from "../api/types";
import * as decimal from "../lib/decimal";
import { newKey } from "../lib/words";
import { notify, showOrder, useModel, useStore } from "../state/store";
import { Age, Dialog, Empty, Failure, Field, ModeBadge, Panel, Pnl, Price, Quantity, Stat, useAction } from "../ui/parts";
import { Table, type Column } from "../ui/table";

export function usePositions(): Position[] {
  const positions = useModel((m) => m.positions);
  const accountId = useStore((s) => s.accountId);
  return useMemo(() => Object.values(positions).filter((p) => p.account_id === accountId).sort((a, b) => a.symbol.localeCompare(b.symbol)), [positions, accountId]);
}

function makeColumns(close: (position: Position) => void, brief: boolean): readonly Column<Position>[] {
  const columns: readonly Column<Position>[] = [
    { key: "symbol", label: "Symbol", cell: (p) => <><button type="button" className="link strong" title="Show on the chart" onClick={() => { useStore.setState({ symbol: p.symbol }); }}>{p.symbol}</button><LongShort position={p} narrow /></> },
    { key: "side", label: "Side", wideOnly: true, cell: (p) => <LongShort position={p} /> },
    { key: "quantity", label: "Qty", end: true, cell: (p) => <Quantity value={decimal.absolute(p.quantity)} /> },
    { key: "entry", label: "Entry", end: true, wideOnly: true, cell: (p) => <Price value={p.average_price} symbol={p.symbol} /> },
    { key: "mark", label: "Current", end: true, wideOnly: true, cell: (p) => <span className={p.mark_stale ? "tone-warn" : ""}><Price value={p.mark_price} symbol={p.symbol} />{p.mark_stale && " old"}</span> },
    { key: "value", label: "Value", end: true, wideOnly: true, cell: (p) => <span className="number">{decimal.formatMoney(p.market_value)}</span> },
    { key: "pnl", label: "P&L", end: true, cell: (p) => <Pnl value={p.unrealised_pnl} ratio={p.unrealised_ratio} /> },
    { key: "realised", label: "Realised", end: true, wideOnly: true, cell: (p) => <Pnl value={p.realised_pnl} /> },
    { key: "age", label: "Open for", end: true, wideOnly: true, cell: (p) => <Age since={p.open_time} market /> },
    { key: "mode", label: "Mode", wideOnly: true, cell: (p) => <ModeBadge mode={p.mode} long={false} /> },
    { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (p) => <button type="button" className="button small" aria-label={`Close ${p.symbol}`} onClick={() => close(p)}>Close…</button> },
  ];
  return brief ? columns.filter((c) => c.key !== "value" && c.key !== "realised") : columns;
}

function LongShort({ position, narrow = false }: { position: Position; narrow?: boolean }) {
  const long = decimal.sign(position.quantity) > 0;
  return <span className={`${long ? "up" : "down"} ${narrow ? "narrow-only" : ""}`}>{long ? "LONG" : "SHORT"}</span>;
}

export function PositionsTable({ brief = false }: { brief?: boolean }) {
  const positions = usePositions();
  const [closing, setClosing] = useState<Position | null>(null);
  const columns = useMemo(() => makeColumns(setClosing, brief), [brief]);
  return (
    <>
      <Table label="Open positions" columns={columns} rows={positions} rowKey={(p) => p.symbol} empty={<Empty title="No open positions">Flat. Positions appear with the first fill. <a href="#/trade">Open the ticket</a></Empty>} />
      {closing && <CloseDialog position={closing} onClose={() => setClosing(null)} />}
    </>
  );
}

function CloseDialog({ position, onClose }: { position: Position; onClose: () => void }) {
  const current = useModel((m) => m.positions[`${position.account_id}|${position.symbol}`]);
  const stale = useStore((s) => s.stale);
  const whole = decimal.absolute((current ?? position).quantity);
  const [quantity, setQuantity] = useState(decimal.normalise(whole));
  // One key for this dialog: a second click, or a try after no answer, is the same order. A new quantity is a new order.
  const key = useRef({ quantity: "", value: "" });
  const { busy, error, run } = useAction();
  const problem = decimal.parse(quantity) === null || decimal.sign(quantity) <= 0 ? "A positive number" : decimal.compare(quantity, whole) > 0 ? `At most ${decimal.format(whole)}` : undefined;
  const side = decimal.sign(position.quantity) > 0 ? "SELL" : "BUY";
  const live = position.mode === "ACCOUNT_MODE_LIVE";
  const close = () =>
    run(async () => {
      if (key.current.quantity !== quantity) key.current = { quantity, value: newKey("web") };
      try {
        const { order } = await post<{ order: Order }>(
          "/api/live/orders",
          { request_id: key.current.value, account_id: position.account_id, symbol: position.symbol, side: `SIDE_${side}`, type: "ORDER_TYPE_MARKET", time_in_force: "TIME_IN_FORCE_IOC", quantity, reduce_only: true, reason: "manual" },
          { "Idempotency-Key": key.current.value },
        );
        showOrder(order);
        notify("done", `${side} ${decimal.format(quantity)} ${position.symbol} at market sent`);
        onClose();
      } catch (problem) {
        if (problem instanceof ApiError && problem.code !== 0 && problem.code < 500) key.current = { quantity: "", value: "" };
        throw problem;
      }
    });
  return (
    <Dialog title={`Close ${position.symbol}`} onClose={onClose}>
      <p>
        <ModeBadge mode={position.mode} /> {decimal.sign(position.quantity) > 0 ? "Long" : "Short"} <span className="number">{decimal.format(whole)}</span> from <Price value={position.average_price} symbol={position.symbol} />, now <Price value={(current ?? position).mark_price} symbol={position.symbol} />.
      </p>
      <p>
        Open P&L <Pnl value={(current ?? position).unrealised_pnl} ratio={(current ?? position).unrealised_ratio} />
      </p>
      <Field label="Quantity to close" error={problem} hint="A market order, reduce only: it can never turn the position around.">
        {(id, note) => <input id={id} inputMode="decimal" value={quantity} aria-describedby={note} onChange={(event) => setQuantity(event.target.value.trim())} />}
      </Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Keep it</button>
        <button type="button" className={`button place ${side.toLowerCase()}`} disabled={busy || stale || !!problem || !current} onClick={close}>
          {busy ? "Sending…" : !current ? "Already closed" : `${live ? "LIVE" : "PAPER"} ${side} ${decimal.format(quantity)} ${position.symbol} at market`}
        </button>
      </div>
    </Dialog>
  );
}

export function positionsMeta(positions: readonly Position[]): string {
  const long = positions.filter((p) => decimal.sign(p.quantity) > 0).length;
  return `${positions.length} · long ${long} · short ${positions.length - long}`;
}

export function PositionsView() {
  const positions = usePositions();
  const accountId = useStore((s) => s.accountId);
  const summary = useStore((s) => s.model.summaries[s.accountId]);
  const { busy, error, run } = useAction();
  const [verified, setVerified] = useState<{ consistent: boolean; differences?: string[]; fills?: string | number } | null>(null);
  const long = decimal.sum(positions.filter((p) => decimal.sign(p.quantity) > 0).map((p) => p.market_value));
  const short = decimal.sum(positions.filter((p) => decimal.sign(p.quantity) < 0).map((p) => p.market_value));
  const winning = positions.filter((p) => decimal.sign(p.unrealised_pnl) > 0).length;
  return (
    <>
      <div className="stat-row">
        <Stat label="Long value"><span className="number">{decimal.formatMoney(long)}</span></Stat>
        <Stat label="Short value"><span className="number">{decimal.formatMoney(short)}</span></Stat>
        <Stat label="Gross exposure"><span className="number">{decimal.formatMoney(summary?.gross_exposure)}</span></Stat>
        <Stat label="Net exposure"><span className="number">{decimal.formatMoney(summary?.net_exposure)}</span></Stat>
        <Stat label="Open P&L"><Pnl value={summary?.unrealised_pnl} /></Stat>
        <Stat label="Winning"><span className="number">{winning} of {positions.length}</span></Stat>
      </div>
      <Panel
        title="Open positions"
        meta={positionsMeta(positions)}
        actions={
          <button type="button" className="button small" disabled={busy} title="Recomputes every figure from the fills and compares" onClick={() => run(async () => setVerified(await post("/api/live/positions/verify", { account_id: accountId })))}>
            {busy ? "Checking…" : "Check against fills"}
          </button>
        }
      >
        {error !== null && <Failure error={error} />}
        {verified && (
          <div className={verified.consistent ? "confirmation" : "refusal"} role="status">
            <p>{verified.consistent ? `Consistent: every figure follows from ${verified.fills ?? 0} fills.` : "The figures do not follow from the fills:"}</p>
            {(verified.differences ?? []).map((line) => <code key={line}>{line}</code>)}
          </div>
        )}
        <PositionsTable />
      </Panel>
    </>
  );
}
