import { useState } from "react";
import { call, get } from "../api/client";
import type { Trade } from "../api/types";
import { calendarName, dayBars, standing, type DayBar, type DayEnd, type DayEndPolicy } from "../lib/days";
import * as decimal from "../lib/decimal";
import { bare, csv, download } from "../lib/words";
import { notify, useStore } from "../state/store";
import { Dialog, Empty, Failure, Field, Moment, Panel, Pnl, SideWord, Stat, useAction, useFetched } from "../ui/parts";
import { Table, type Column } from "../ui/table";

const kColumns: readonly Column<DayEnd>[] = [
  { key: "date", label: "Day", cell: (d) => <strong>{d.date}{d.half_day && <span className="muted"> half-day</span>}</strong> },
  { key: "calendar", label: "Calendar", wideOnly: true, cell: (d) => calendarName(d.calendar) },
  { key: "pnl", label: "P&L", end: true, cell: (d) => (d.report ? <Pnl value={d.report.summary.day_pnl} /> : "–") },
  { key: "equity", label: "Equity", end: true, wideOnly: true, cell: (d) => <span className="number">{d.report ? decimal.formatMoney(d.report.summary.equity) : "–"}</span> },
  { key: "trades", label: "Trades", end: true, cell: (d) => <span className="number">{d.report?.trade_count ?? "–"}</span> },
  { key: "won", label: "Won / lost", end: true, wideOnly: true, cell: (d) => <span className="number">{d.report ? `${d.report.winning_trades} / ${d.report.losing_trades}` : "–"}</span> },
  { key: "closed", label: "Closed", end: true, wideOnly: true, cell: (d) => <span className="number">{d.closes.length}</span> },
  { key: "standing", label: "How it ended", cell: (d) => <Standing day={d} /> },
  { key: "time", label: "Reported", wideOnly: true, cell: (d) => <Moment at={d.report_time} /> },
];

function Standing({ day }: { day: DayEnd }) {
  const { text, tone } = standing(day);
  return <span className={`state tone-${tone}`}>{text}</span>;
}

/** Days that were ended by the calendar: result, trades, what was left and why; and how the account's days end. */
export function DaysView() {
  const accountId = useStore((s) => s.accountId);
  const list = useFetched(() => get<{ day_ends?: DayEnd[] }>(`/api/live/day-ends?page_size=100&account_id=${encodeURIComponent(accountId)}`), [accountId], 5000);
  const policies = useFetched(() => get<{ policies?: DayEndPolicy[] }>(`/api/live/day-end-policies?account_id=${encodeURIComponent(accountId)}`), [accountId], 10000);
  const [open, setOpen] = useState<DayEnd | null>(null);
  const [setting, setSetting] = useState<DayEndPolicy | "new" | null>(null);
  const days = list.data?.day_ends ?? [];
  const known = policies.data?.policies ?? [];
  return (
    <>
      <h1 className="visually-hidden">Days</h1>
      <Panel
        title="How days end"
        meta="the account's positions are closed before the close of the exchange"
        live={false}
        actions={<button type="button" className="button small" disabled={!accountId} onClick={() => setSetting("new")}>Set…</button>}
      >
        {policies.error !== null && <Failure error={policies.error} retry={policies.reload} />}
        {policies.data && known.length === 0 && <Empty title="Days of this account are not ended by themselves">Set when they end and what is closed.</Empty>}
        {known.map((p) => (
          <p key={p.calendar} className="policy-line">
            <strong>{calendarName(p.calendar)}:</strong> {policyWords(p)}{" "}
            <button type="button" className="button small" onClick={() => setSetting(p)}>Change…</button>
          </p>
        ))}
      </Panel>
      <Panel title="Days" live={false} actions={days.length > 0 && <button type="button" className="button small" onClick={() => save(days)}>CSV</button>}>
        {list.error !== null && <Failure error={list.error} retry={list.reload} />}
        <DayChart bars={dayBars(days)} />
        <Table label="Days that have ended" columns={kColumns} rows={days} rowKey={(d) => `${d.account_id}/${d.calendar}/${d.close_time}`} onOpen={setOpen} empty={list.data ? <Empty title="No day has been ended yet">A report is stored as soon as one is.</Empty> : <Empty title="Reading…" />} />
      </Panel>
      {open && <DayDialog day={open} onClose={() => setOpen(null)} />}
      {setting && <PolicyDialog accountId={accountId} policy={setting === "new" ? null : setting} onClose={() => setSetting(null)} onDone={policies.reload} />}
    </>
  );
}

function policyWords(p: DayEndPolicy): string {
  if (!p.enabled) return "off";
  const exceptions = Object.entries(p.deployment_liquidate ?? {}).map(([id, on]) => `${id || "by hand"} ${on ? "is closed" : "stays"}`);
  return [
    `${p.minutes_before_close} min before the close entries stop and orders are cancelled`,
    p.liquidate ? "positions are closed" : "positions stay",
    ...exceptions,
    `an alert ${p.alert_minutes_before_close} min before the close`,
    ...(p.no_overnight ? ["what is left is closed at the next open"] : []),
  ].join("; ");
}

function save(days: readonly DayEnd[]): void {
  const rows = days.map((d) => [d.date, d.account_id, d.calendar, d.report?.summary.day_pnl ?? "", d.report?.summary.equity ?? "", String(d.report?.trade_count ?? ""), standing(d).text]);
  download("days.csv", csv([["date", "account", "calendar", "pnl", "equity", "trades", "standing"], ...rows]));
}

function DayChart({ bars }: { bars: readonly DayBar[] }) {
  if (bars.length < 2) return null;
  const shown = bars.slice(-60);
  const width = 12, middle = 40;
  return (
    <svg className="day-chart" viewBox={`0 0 ${shown.length * width} 80`} preserveAspectRatio="none" role="img" aria-label={`Results of ${shown.length} days, from ${shown[0]!.date} to ${shown[shown.length - 1]!.date}`}>
      <line x1="0" x2={shown.length * width} y1={middle} y2={middle} className="day-zero" />
      {shown.map((bar, n) => {
        const tall = Math.max(1, Math.abs(bar.height) * 38);
        return (
          <rect key={bar.date} x={n * width + 2} width={width - 4} height={tall} y={bar.height < 0 ? middle : middle - tall} className={bar.height < 0 ? "day-lost" : "day-won"}>
            <title>{`${bar.date}: ${decimal.formatMoney(bar.pnl, true)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

const kTrades: readonly Column<Trade>[] = [
  { key: "symbol", label: "Symbol", cell: (t) => t.symbol },
  { key: "side", label: "Side", cell: (t) => <SideWord side={t.side} /> },
  { key: "quantity", label: "Quantity", end: true, cell: (t) => <span className="number">{decimal.format(t.quantity)}</span> },
  { key: "entry", label: "Entry", end: true, wideOnly: true, cell: (t) => <span className="number">{t.entry_price}</span> },
  { key: "exit", label: "Exit", end: true, wideOnly: true, cell: (t) => <span className="number">{t.exit_price}</span> },
  { key: "pnl", label: "P&L", end: true, cell: (t) => <Pnl value={t.pnl} /> },
  { key: "reason", label: "Reason", cell: (t) => t.reason.replaceAll("_", " ") },
  { key: "deployment", label: "Deployment", wideOnly: true, cell: (t) => t.deployment_id || "by hand" },
  { key: "time", label: "Closed", cell: (t) => <Moment at={t.exit_time} /> },
];

function DayDialog({ day, onClose }: { day: DayEnd; onClose: () => void }) {
  const { data, error } = useFetched(() => get<{ day_end: DayEnd }>(`/api/live/day-ends/${day.date}?account_id=${encodeURIComponent(day.account_id)}&calendar=${day.calendar}`), [day.date, day.calendar, day.account_id]);
  const whole = data?.day_end ?? day;
  const report = whole.report;
  return (
    <Dialog title={`${day.date}, ${calendarName(day.calendar)}${day.half_day ? ", half-day" : ""}`} onClose={onClose} wide>
      {error !== null && <Failure error={error} />}
      <p><Standing day={whole} />{whole.resumes > 0 && <span className="muted"> · went on after {whole.resumes} restart{whole.resumes === 1 ? "" : "s"}</span>}</p>
      {report && (
        <div className="top-stats">
          <Stat label={`P&L ${report.summary.currency}`}><Pnl value={report.summary.day_pnl} /></Stat>
          <Stat label="Equity"><span className="number">{decimal.formatMoney(report.summary.equity)}</span></Stat>
          <Stat label="Trades"><span className="number">{report.trade_count}</span></Stat>
          <Stat label="Best"><Pnl value={report.best_trade_pnl} /></Stat>
          <Stat label="Worst"><Pnl value={report.worst_trade_pnl} /></Stat>
          <Stat label="Fees of trades"><span className="number">{decimal.formatMoney(report.trades_fees)}</span></Stat>
          <Stat label="Orders cancelled"><span className="number">{whole.canceled_order_ids.length}</span></Stat>
        </div>
      )}
      {report && report.left.length > 0 && (
        <>
          <h3>Left</h3>
          <ul className="problems">
            {report.left.map((l) => <li key={`${l.deployment_id}/${l.symbol}`}><strong>{decimal.format(l.quantity)} {l.symbol}</strong> {l.deployment_id ? `of ${l.deployment_id}` : "by hand"}: {l.reason}</li>)}
          </ul>
        </>
      )}
      {whole.closes.length > 0 && (
        <>
          <h3>Closing orders</h3>
          <ul className="problems">
            {whole.closes.map((c) => <li key={c.request_id}>{decimal.format(c.quantity)} {c.symbol} {c.deployment_id ? `of ${c.deployment_id}` : "by hand"}: {bare(c.status, "ORDER_STATUS_").toLowerCase()}{c.message && `, ${c.message}`} {c.order_id && <a href={`#/orders/${c.order_id}`} onClick={onClose}>order</a>}</li>)}
          </ul>
        </>
      )}
      {report && report.books.length > 0 && (
        <>
          <h3>By deployment</h3>
          <ul className="problems">
            {report.books.map((b) => <li key={b.deployment_id}>{b.deployment_id || "by hand"}: <Pnl value={b.day_pnl} /> today, <Pnl value={b.total_pnl} /> in all</li>)}
          </ul>
        </>
      )}
      <h3>Trades</h3>
      <Table label="Trades of the day" columns={kTrades} rows={report?.trades ?? []} rowKey={(t) => t.trade_id} empty={<Empty title={data ? "No trade was closed on this day" : "Reading…"} />} />
    </Dialog>
  );
}

function PolicyDialog({ accountId, policy, onClose, onDone }: { accountId: string; policy: DayEndPolicy | null; onClose: () => void; onDone: () => void }) {
  const [calendar, setCalendar] = useState(policy?.calendar ?? "CALENDAR_XNYS");
  const [enabled, setEnabled] = useState(policy?.enabled ?? true);
  const [minutes, setMinutes] = useState(String(policy?.minutes_before_close ?? 5));
  const [alertAt, setAlertAt] = useState(String(policy?.alert_minutes_before_close ?? 2));
  const [liquidate, setLiquidate] = useState(policy?.liquidate ?? true);
  const [noOvernight, setNoOvernight] = useState(policy?.no_overnight ?? false);
  const { busy, error, run } = useAction();
  const submit = () =>
    run(async () => {
      await call("PUT", "/api/live/day-end-policies", {
        policy: { ...(policy ? { deployment_liquidate: policy.deployment_liquidate, day_start_minute: policy.day_start_minute } : {}), account_id: accountId, calendar, enabled, minutes_before_close: Number(minutes), alert_minutes_before_close: Number(alertAt), liquidate, no_overnight: noOvernight },
      });
      notify("done", "Stored; it holds for every end that has not begun");
      onDone();
      onClose();
    });
  return (
    <Dialog title={`How days of ${accountId} end`} onClose={onClose}>
      <Field label="Calendar">
        {(id) => (
          <select id={id} value={calendar} disabled={policy !== null} onChange={(e) => setCalendar(e.target.value)}>
            <option value="CALENDAR_XNYS">New York Stock Exchange</option>
            <option value="CALENDAR_ALWAYS_OPEN">24 hours</option>
          </select>
        )}
      </Field>
      <label className="check"><input type="checkbox" checked={enabled} onChange={(e) => setEnabled(e.target.checked)} /> Days are ended and reported</label>
      <Field label="Begins, minutes before the close" hint="Entries stop and working orders are cancelled">
        {(id, note) => <input id={id} aria-describedby={note} inputMode="numeric" value={minutes} onChange={(e) => setMinutes(e.target.value)} />}
      </Field>
      <label className="check"><input type="checkbox" checked={liquidate} onChange={(e) => setLiquidate(e.target.checked)} /> Close what is held</label>
      <Field label="Alert when not done, minutes before the close">
        {(id, note) => <input id={id} aria-describedby={note} inputMode="numeric" value={alertAt} onChange={(e) => setAlertAt(e.target.value)} />}
      </Field>
      <label className="check"><input type="checkbox" checked={noOvernight} onChange={(e) => setNoOvernight(e.target.checked)} /> Close what was left at the next open</label>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button primary" disabled={busy} onClick={submit}>{busy ? "Storing…" : "Store"}</button>
      </div>
    </Dialog>
  );
}
