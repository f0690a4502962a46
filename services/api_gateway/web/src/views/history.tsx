import { useMemo } from "react";
import { get } from "../api/client";
import type { Fill, Trade } from "../api/types";
import * as decimal from "../lib/decimal";
import { duration, millis } from "../lib/time";
import { bare, csv, download, sentence } from "../lib/words";
import { showOnChart, useModel, useStore } from "../state/store";
import { Empty, Failure, ModeBadge, Moment, Panel, Pnl, Price, Quantity, SideWord, Stat, useFetched } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { winRate } from "./deployments";

const kTradeColumns: readonly Column<Trade>[] = [
  { key: "exit", label: "Closed", cell: (t) => <Moment at={t.exit_time} /> },
  { key: "symbol", label: "Symbol", cell: (t) => <button type="button" className="link strong" title="Show on the chart" aria-label={`Show ${t.symbol} on the chart`} onClick={() => showOnChart(t.symbol, t.exit_time, `${t.symbol} closed`)}>{t.symbol}</button> },
  { key: "side", label: "Side", wideOnly: true, cell: (t) => (t.side === "SIDE_BUY" ? <span className="up">LONG</span> : <span className="down">SHORT</span>) },
  { key: "quantity", label: "Qty", end: true, cell: (t) => <Quantity value={t.quantity} /> },
  { key: "entry", label: "Entry", end: true, wideOnly: true, cell: (t) => <Price value={t.entry_price} symbol={t.symbol} /> },
  { key: "exitPrice", label: "Exit", end: true, wideOnly: true, cell: (t) => <Price value={t.exit_price} symbol={t.symbol} /> },
  { key: "pnl", label: "P&L", end: true, cell: (t) => <Pnl value={t.pnl} ratio={t.pnl_ratio} /> },
  { key: "fees", label: "Fees", end: true, wideOnly: true, cell: (t) => <span className="number" title={t.fees}>{decimal.formatMoney(t.fees)}</span> },
  { key: "held", label: "Held", end: true, wideOnly: true, cell: (t) => <span className="number">{duration((millis(t.exit_time) ?? 0) - (millis(t.entry_time) ?? 0))}</span> },
  { key: "reason", label: "Reason", cell: (t) => sentence(t.reason || "–") },
  { key: "deployment", label: "Deployment", wideOnly: true, cell: (t) => <span className="muted">{t.deployment_id || "by hand"}</span> },
  { key: "mode", label: "Mode", wideOnly: true, cell: (t) => <ModeBadge mode={t.mode} long={false} /> },
];

const kFillColumns: readonly Column<Fill>[] = [
  { key: "time", label: "Time", cell: (f) => <Moment at={f.transact_time} /> },
  { key: "symbol", label: "Symbol", cell: (f) => <button type="button" className="link strong" title="Show on the chart" aria-label={`Show ${f.symbol} on the chart`} onClick={() => showOnChart(f.symbol, f.transact_time, `${f.symbol} filled`)}>{f.symbol}</button> },
  { key: "side", label: "Side", cell: (f) => <SideWord side={f.side} /> },
  { key: "quantity", label: "Qty", end: true, cell: (f) => <Quantity value={f.quantity} /> },
  { key: "price", label: "Price", end: true, cell: (f) => <Price value={f.price} symbol={f.symbol} /> },
  { key: "fee", label: "Fee", end: true, wideOnly: true, cell: (f) => <span className="number">{decimal.format(f.fee)} {f.fee_currency}</span> },
  { key: "maker", label: "Liquidity", wideOnly: true, cell: (f) => (f.maker ? "maker" : "taker") },
  { key: "reason", label: "Reason", wideOnly: true, cell: (f) => sentence(f.reason || "–") },
  { key: "order", label: "Order", cell: (f) => <a href={`#/orders/${encodeURIComponent(f.order_id)}`}>{f.order_id.slice(0, 9)}…</a> },
];

export function HistoryView() {
  const { query } = useRoute();
  const tab = query.get("tab") ?? "trades";
  const symbol = query.get("symbol") ?? "";
  const reason = query.get("reason") ?? "";
  const accountId = useStore((s) => s.accountId);
  const streamed = useModel((m) => m.trades);
  const fillVersion = useModel((m) => m.fillVersion);
  const account = encodeURIComponent(accountId);
  const older = useFetched(async () => (accountId ? ((await get<{ trades?: Trade[] }>(`/api/live/trades?account_id=${account}&page_size=500`)).trades ?? []) : []), [accountId]);
  const fills = useFetched(async () => (accountId ? ((await get<{ fills?: Fill[] }>(`/api/live/fills?account_id=${account}&page_size=300`)).fills ?? []) : []), [accountId, fillVersion]);
  const trades = useMemo(() => {
    const rows = new Map<string, Trade>();
    for (const t of [...(older.data ?? []), ...Object.values(streamed)]) if (t.account_id === accountId) rows.set(t.trade_id, t);
    return [...rows.values()].sort((a, b) => Date.parse(b.exit_time) - Date.parse(a.exit_time));
  }, [older.data, streamed, accountId]);
  const shown = trades.filter((t) => (!symbol || t.symbol === symbol) && (!reason || t.reason === reason));
  const shownFills = (fills.data ?? []).filter((f) => f.account_id === accountId).filter((f) => !symbol || f.symbol === symbol);
  const symbols = [...new Set([...trades.map((t) => t.symbol), ...(fills.data ?? []).map((f) => f.symbol)])].sort();
  const reasons = [...new Set(trades.map((t) => t.reason))].filter(Boolean).sort();
  const wins = shown.filter((t) => decimal.sign(t.pnl) > 0);
  const gained = decimal.sum(wins.map((t) => t.pnl));
  const lost = decimal.absolute(decimal.sum(shown.filter((t) => decimal.sign(t.pnl) < 0).map((t) => t.pnl)));
  // Full decimals: what is exported is what was booked.
  const exportCsv = () =>
    tab === "trades"
      ? download("ballast-trades.csv", csv([
          ["trade_id", "account_id", "mode", "deployment_id", "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "pnl", "fees", "reason"],
          ...shown.map((t) => [t.trade_id, t.account_id, bare(t.mode, "ACCOUNT_MODE_"), t.deployment_id, t.symbol, bare(t.side, "SIDE_"), t.quantity, t.entry_time, t.entry_price, t.exit_time, t.exit_price, t.pnl, t.fees, t.reason]),
        ]))
      : download("ballast-fills.csv", csv([
          ["execution_id", "order_id", "account_id", "deployment_id", "symbol", "side", "quantity", "price", "fee", "fee_currency", "maker", "transact_time", "reason"],
          ...shownFills.map((f) => [f.execution_id, f.order_id, f.account_id, f.deployment_id, f.symbol, bare(f.side, "SIDE_"), f.quantity, f.price, f.fee, f.fee_currency, String(f.maker), f.transact_time, f.reason]),
        ]));
  return (
    <>
      <h1 className="visually-hidden">History</h1>
      <div className="stat-row">
        <Stat label="Trades"><span className="number">{shown.length}</span></Stat>
        <Stat label="Result after fees"><Pnl value={decimal.sum(shown.map((t) => t.pnl))} /></Stat>
        <Stat label="Win rate"><span className="number">{winRate(wins.length, shown.length)}</span></Stat>
        <Stat label="Profit factor" hint="Sum won over sum lost"><span className="number">{shown.length < 20 ? "too few trades" : (decimal.divide(gained, lost, 2) ?? "–")}</span></Stat>
        <Stat label="Fees"><span className="number">{decimal.formatMoney(decimal.sum(shown.map((t) => t.fees)))}</span></Stat>
      </div>
      <Panel title="History" live={false} actions={<button type="button" className="button small" onClick={exportCsv} disabled={(tab === "trades" ? shown : shownFills).length === 0}>Export CSV</button>}>
        <Tabs label="History" selected={tab} onSelect={(name) => setQuery("tab", name)} tabs={[{ name: "trades", label: "Trades", count: shown.length }, { name: "fills", label: "Fills", count: shownFills.length }]}>
          <select aria-label="Filter by symbol" value={symbol} onChange={(e) => setQuery("symbol", e.target.value)}>
            <option value="">All symbols</option>
            {symbols.map((s) => <option key={s}>{s}</option>)}
          </select>
          {tab === "trades" && (
            <select aria-label="Filter by reason" value={reason} onChange={(e) => setQuery("reason", e.target.value)}>
              <option value="">All reasons</option>
              {reasons.map((r) => <option key={r} value={r}>{sentence(r)}</option>)}
            </select>
          )}
        </Tabs>
        {tab === "trades" ? (
          <>
            {older.error !== null && <Failure error={older.error} retry={older.reload} />}
            <Table label="Trades" columns={kTradeColumns} rows={shown.slice(0, 500)} rowKey={(t) => t.trade_id} empty={<Empty title="No closed trades yet">A trade is listed when its position is closed.</Empty>} />
          </>
        ) : (
          <>
            {fills.error !== null && <Failure error={fills.error} retry={fills.reload} />}
            <Table label="Fills" columns={kFillColumns} rows={shownFills} rowKey={(f) => f.execution_id} empty={<Empty title="No fills yet" />} />
          </>
        )}
      </Panel>
    </>
  );
}
