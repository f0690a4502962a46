import { useMemo, useRef, useState } from "react";
import { ApiError, get, post } from "../api/client";
import type { Order, Position, Protections } from "../api/types";
import * as decimal from "../lib/decimal";
import { newKey } from "../lib/words";
import { notify, showOnChart, showOrder, useModel, useStore } from "../state/store";
import { useFreshness, useOldest } from "../ui/freshness";
import { duration } from "../lib/time";
import { Age, Dialog, Empty, Failure, Field, ModeBadge, Panel, Pnl, Price, Quantity, Stat, useAction, useFetched } from "../ui/parts";
import { Table, type Column } from "../ui/table";
import { ReconciliationPanel } from "./reconciliation";
import { PolicyDialog, protectionMeta, ProtectionCell, useProtections, type PolicyTarget } from "./protection";

export function usePositions(): Position[] {
  const positions = useModel((m) => m.positions);
  const accountId = useStore((s) => s.accountId);
  return useMemo(() => Object.values(positions).filter((p) => p.account_id === accountId).sort((a, b) => a.symbol.localeCompare(b.symbol)), [positions, accountId]);
}

/** A price that is too old to act on is grey and says how old it is. */
function Mark({ position }: { position: Position }) {
  const fresh = useFreshness(position.symbol);
  const old = position.mark_stale || fresh?.old === true;
  return <span className={old ? "is-old" : ""}><Price value={position.mark_price} symbol={position.symbol} />{old && <small> {fresh?.old ? `${duration(fresh.ageMs)} old` : Number(position.mark_age_ms ?? 0) > 0 ? `${duration(Number(position.mark_age_ms))} old` : "old"}</small>}</span>;
}

const bookOf = (p: Position) => p.deployment_id || "by hand";

function makeColumns(close: (position: Position) => void, brief: boolean, byBook: boolean, protections: Protections | null, protect: (target: PolicyTarget) => void): readonly Column<Position>[] {
  const protection = (p: Position) => {
    const of = (protections?.protections ?? []).filter((each) => each.symbol === p.symbol && (!byBook || each.deployment_id === p.deployment_id));
    const set = () => protect({ symbol: p.symbol, book: byBook ? p.deployment_id : undefined, policy: of[0]?.policy ?? null, byDefault: of[0]?.by_default ?? true });
    return <ProtectionCell known={protections !== null} of={of} onSet={set} label={byBook ? `${p.symbol} of ${bookOf(p)}` : p.symbol} />;
  };
  const columns: readonly Column<Position>[] = [
    { key: "symbol", label: "Symbol", cell: (p) => <><button type="button" className="link strong" title="Show on the chart" aria-label={`Show ${p.symbol} on the chart`} onClick={() => showOnChart(p.symbol, p.open_time, `${p.symbol} opened`)}>{p.symbol}</button><LongShort position={p} narrow /></> },
    ...(byBook ? [{ key: "book", label: "Book", cell: (p: Position) => (p.deployment_id ? <a href={`#/deployments?id=${encodeURIComponent(p.deployment_id)}`}>{p.deployment_id}</a> : <span className="muted">by hand</span>) }] : []),
    { key: "side", label: "Side", wideOnly: true, cell: (p) => <LongShort position={p} /> },
    { key: "quantity", label: "Qty", end: true, cell: (p) => <Quantity value={decimal.absolute(p.quantity)} /> },
    { key: "entry", label: "Entry", end: true, wideOnly: true, cell: (p) => <Price value={p.average_price} symbol={p.symbol} /> },
    { key: "mark", label: "Current", end: true, wideOnly: true, cell: (p) => <Mark position={p} /> },
    { key: "value", label: "Value", end: true, wideOnly: true, cell: (p) => <span className="number">{decimal.formatMoney(p.market_value)}</span> },
    { key: "pnl", label: "P&L", end: true, cell: (p) => <Pnl value={p.unrealised_pnl} ratio={p.unrealised_ratio} /> },
    ...(brief ? [] : [{ key: "protection", label: "Protection", cell: protection }]),
    { key: "realised", label: "Realised", end: true, wideOnly: true, cell: (p) => <Pnl value={p.realised_pnl} /> },
    { key: "age", label: "Open for", end: true, wideOnly: true, cell: (p) => <Age since={p.open_time} market /> },
    { key: "mode", label: "Mode", wideOnly: true, cell: (p) => <ModeBadge mode={p.mode} long={false} /> },
    { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (p) => <button type="button" className="button small" onClick={() => close(p)}>Close…<span className="visually-hidden"> {p.symbol}{byBook && ` of ${bookOf(p)}`}</span></button> },
  ];
  return brief ? columns.filter((c) => c.key !== "value" && c.key !== "realised") : columns;
}

function LongShort({ position, narrow = false }: { position: Position; narrow?: boolean }) {
  const long = decimal.sign(position.quantity) > 0;
  return <span className={`${long ? "up" : "down"} ${narrow ? "narrow-only" : ""}`}>{long ? "LONG" : "SHORT"}</span>;
}

export function PositionsTable({ brief = false, protections = null, reload = () => {} }: { brief?: boolean; protections?: Protections | null; reload?: () => void }) {
  const positions = usePositions();
  const [closing, setClosing] = useState<Position | null>(null);
  const [target, setTarget] = useState<PolicyTarget | null>(null);
  const columns = useMemo(() => makeColumns(setClosing, brief, false, protections, setTarget), [brief, protections]);
  return (
    <>
      {target && <PolicyDialog target={target} onClose={() => { setTarget(null); reload(); }} />}
      <Table label="Open positions" columns={columns} rows={positions} rowKey={(p) => p.symbol} empty={<Empty title="No open positions">Flat. Positions appear with the first fill. <a href="#/trade">Open the ticket</a></Empty>} />
      {closing && <NetCloseDialog position={closing} onClose={() => setClosing(null)} />}
    </>
  );
}

/** What each book holds: of every deployment, running or stopped, and what was traded by hand. */
function useBookPositions(): { positions: Position[]; error: unknown; reload: () => void } {
  const accountId = useStore((s) => s.accountId);
  const fillVersion = useModel((m) => m.fillVersion);
  const { data, error, reload } = useFetched(
    async () => (accountId ? ((await get<{ positions?: Position[] }>(`/api/live/positions?account_id=${encodeURIComponent(accountId)}&by_deployment=true`)).positions ?? []) : []),
    [accountId, fillVersion],
    5000,
  );
  const positions = useMemo(
    () => (data ?? []).filter((p) => p.account_id === accountId && !decimal.isZero(p.quantity)).sort((a, b) => a.symbol.localeCompare(b.symbol) || a.deployment_id.localeCompare(b.deployment_id)),
    [data, accountId],
  );
  return { positions, error, reload };
}

function BooksPanel({ protections, reloadProtections }: { protections: Protections | null; reloadProtections: () => void }) {
  const { positions, error, reload } = useBookPositions();
  const [target, setTarget] = useState<PolicyTarget | null>(null);
  const [closing, setClosing] = useState<Position | null>(null);
  const columns = useMemo(() => makeColumns(setClosing, false, true, protections, setTarget), [protections]);
  const current = closing && positions.find((p) => p.symbol === closing.symbol && p.deployment_id === closing.deployment_id);
  return (
    <Panel title="By book" meta="whose position it is: a deployment's, or traded by hand" live={false} old={useOldest([...new Set(positions.map((p) => p.symbol))])}>
      {error !== null && <Failure error={error} retry={reload} />}
      <Table label="Positions by book" columns={columns} rows={positions} rowKey={(p) => `${p.symbol}|${p.deployment_id}`} empty={<Empty title="No book holds anything" />} />
      {target && <PolicyDialog target={target} onClose={() => { setTarget(null); reloadProtections(); }} />}
      {closing && <CloseDialog position={closing} book={closing.deployment_id} current={current ?? undefined} onClose={() => { setClosing(null); reload(); }} />}
    </Panel>
  );
}

function NetCloseDialog({ position, onClose }: { position: Position; onClose: () => void }) {
  const current = useModel((m) => m.positions[`${position.account_id}|${position.symbol}`]);
  return <CloseDialog position={position} current={current} onClose={onClose} />;
}

/** Closes one book's position, or without `book` the account's net position. Side and room are the order manager's to decide. */
function CloseDialog({ position, book, current, onClose }: { position: Position; book?: string; current: Position | undefined; onClose: () => void }) {
  const stale = useStore((s) => s.stale);
  const whole = decimal.absolute((current ?? position).quantity);
  const [quantity, setQuantity] = useState(decimal.normalise(whole));
  // One key for this dialog: a second click, or a try after no answer, is the same order. A new quantity is a new order.
  const key = useRef({ quantity: "", value: "" });
  const { busy, error, run } = useAction();
  const problem = decimal.parse(quantity) === null || decimal.sign(quantity) <= 0 ? "A positive number" : decimal.compare(quantity, whole) > 0 ? `At most ${decimal.format(whole)}` : undefined;
  const side = decimal.sign(position.quantity) > 0 ? "SELL" : "BUY";
  const live = position.mode === "ACCOUNT_MODE_LIVE";
  const whose = book === undefined ? "the account's net position, across all books" : book === "" ? "the position traded by hand" : `the position of deployment ${book}`;
  const close = () =>
    run(async () => {
      if (key.current.quantity !== quantity) key.current = { quantity, value: newKey("web") };
      try {
        const { order } = await post<{ order: Order }>(
          `/api/live/positions/${encodeURIComponent(position.symbol)}/close`,
          { request_id: key.current.value, account_id: position.account_id, ...(book === undefined ? {} : { deployment_id: book }), quantity, reason: "manual" },
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
    <Dialog title={`Close ${position.symbol}${book === undefined ? "" : ` of ${book || "the book traded by hand"}`}`} onClose={onClose}>
      <p>
        <ModeBadge mode={position.mode} /> {decimal.sign(position.quantity) > 0 ? "Long" : "Short"} <span className="number">{decimal.format(whole)}</span> from <Price value={position.average_price} symbol={position.symbol} />, now <Price value={(current ?? position).mark_price} symbol={position.symbol} />.
      </p>
      <p>
        Open P&L <Pnl value={(current ?? position).unrealised_pnl} ratio={(current ?? position).unrealised_ratio} />
      </p>
      <Field label="Quantity to close" error={problem} hint={`This is ${whose}. A market order, reduce only: it can never turn the position around.`}>
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
  const old = useOldest(positions.map((p) => p.symbol));
  const protections = useProtections();
  const [settingDefault, setSettingDefault] = useState(false);
  const fallback = protections.data?.policies?.find((entry) => !entry.symbol);
  return (
    <>
      <h1 className="visually-hidden">Positions</h1>
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
        old={old}
        actions={
          <>
          <button type="button" className="button small" onClick={() => setSettingDefault(true)}>Default protection…</button>
          <button type="button" className="button small" disabled={busy} title="Recomputes every figure from the fills and compares" onClick={() => run(async () => setVerified(await post("/api/live/positions/verify", { account_id: accountId })))}>
            {busy ? "Checking…" : "Check against fills"}
          </button>
          </>
        }
      >
        {error !== null && <Failure error={error} />}
        {verified && (
          <div className={verified.consistent ? "confirmation" : "refusal"} role="status">
            <p>{verified.consistent ? `Consistent: every figure follows from ${verified.fills ?? 0} fills.` : "The figures do not follow from the fills:"}</p>
            {(verified.differences ?? []).map((line) => <code key={line}>{line}</code>)}
          </div>
        )}
        <p className="muted protection-line">{protectionMeta(protections.data)}</p>
        <PositionsTable protections={protections.data} reload={protections.reload} />
      </Panel>
      <ReconciliationPanel />
      <BooksPanel protections={protections.data} reloadProtections={protections.reload} />
      {settingDefault && <PolicyDialog target={{ symbol: "", book: undefined, policy: fallback?.policy ?? null, byDefault: false }} onClose={() => { setSettingDefault(false); protections.reload(); }} />}
    </>
  );
}
