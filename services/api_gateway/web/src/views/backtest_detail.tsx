import { useMemo, useState } from "react";
import { get } from "../api/client";
import {
  equityOf, exposureOf, fallsOf, isUnderWay, kindOf, monthTable, showFigure, statusOf, withStreamed,
  type Backtest, type LookAheadReport, type ReportTrade, type RunReport, type SweepReport, type WalkForwardReport,
} from "../lib/backtests";
import { draftOf, type DeploymentDraft } from "../lib/deployment_draft";
import * as decimal from "../lib/decimal";
import { duration, millis } from "../lib/time";
import { sentence } from "../lib/words";
import { useModel, useStore } from "../state/store";
import { Empty, Failure, Moment, Panel, Pnl, Stat, useFetched } from "../ui/parts";
import { BandChart, CurveChart, TradesChart } from "../ui/report_charts";
import { Table, type Column } from "../ui/table";
import type { Ask } from "./backtest_form";
import { SweepPanel } from "./backtest_sweep";
import { BacktestActions, dataOf, kindWords, Progress, wayTo, whatOf } from "./backtests";

/** One backtest: how far it is, and then its report. */
export function BacktestDetail({ id, onAgain, onDeploy }: { id: string; onAgain: (ask: Ask) => void; onDeploy: (draft: DeploymentDraft) => void }) {
  const streamed = useModel((m) => m.backtests[id]);
  const live = useStore((s) => s.connection === "live");
  const [over, setOver] = useState(false);
  const { data: read, error, reload } = useFetched(
    async () => {
      const answer = await get<{ backtest: Backtest }>(wayTo(id));
      setOver(!isUnderWay(answer.backtest));
      return answer.backtest;
    },
    [id, live],
    // The stream tells; without it it is asked for.
    live || over ? 0 : 2000,
  );
  const data = read && (withStreamed([read], streamed ? { [id]: streamed } : {})[0] ?? null);
  if (read && !data) return <><h1 className="visually-hidden">Backtest {id}</h1><Empty title={`${id} was deleted`}><a href="#/backtests">All backtests</a></Empty></>;
  if (error !== null && !data) return <><h1 className="visually-hidden">Backtest {id}</h1><p><a href="#/backtests">← All backtests</a></p><Failure error={error} retry={reload} /></>;
  if (!data) return <><h1 className="visually-hidden">Backtest {id}</h1><Empty title="Reading…" /></>;
  const deployable = kindOf(data.spec) === "RUN" && statusOf(data) === "SUCCEEDED";
  return (
    <>
      <p><a href="#/backtests">← All backtests</a></p>
      <div className="bt-head">
        <h1>{data.backtest_id}</h1>
        <span className="kind">{kindWords(data)}</span>
        <span>{data.spec.label && <strong>{data.spec.label} · </strong>}{whatOf(data)}</span>
        <span className="muted">{dataOf(data)}</span>
        <span className="push">
          <button type="button" className="button small" onClick={() => onAgain({ kind: kindOf(data.spec), from: data.spec })}>Again with changes…</button>
          {deployable && <button type="button" className="button small primary" onClick={() => onDeploy(draftOf(data.spec.deployment))}>Deploy…</button>}
          <BacktestActions backtest={data} onDone={reload} onDeleted={() => { location.hash = "#/backtests"; }} />
        </span>
      </div>
      {statusOf(data) !== "SUCCEEDED" ? <Waiting backtest={data} /> : <Report backtest={data} onAgain={onAgain} onDeploy={onDeploy} />}
    </>
  );
}

function Waiting({ backtest }: { backtest: Backtest }) {
  const words: Record<string, string> = {
    QUEUED: "It waits for the one before it.",
    RUNNING: "It runs beside the suite, with little priority. You may leave this page.",
    FAILED: "It did not come to an end.",
    CANCELLED: "It was cancelled.",
    INTERRUPTED: "The suite was stopped or broke off while it ran. Start it again with the button above.",
  };
  const status = statusOf(backtest);
  return (
    <Panel title={status === "RUNNING" ? "Under way" : "No report"} live={false}>
      <div className="stack">
        <Progress backtest={backtest} />
        <p className="muted">{words[status] ?? ""}</p>
        {status === "FAILED" && <div className="refusal" role="alert"><p>{backtest.message}</p></div>}
      </div>
    </Panel>
  );
}

function Report({ backtest, onAgain, onDeploy }: { backtest: Backtest; onAgain: (ask: Ask) => void; onDeploy: (draft: DeploymentDraft) => void }) {
  const { data, error, reload } = useFetched(() => get<unknown>(`${wayTo(backtest.backtest_id)}/report`), [backtest.backtest_id]);
  if (error !== null) return <Failure error={error} retry={reload} />;
  if (data === null) return <Empty title="Reading the report…" />;
  switch (kindOf(backtest.spec)) {
    case "SWEEP":
      return <SweepPanel backtest={backtest} report={data as SweepReport} onAgain={onAgain} onDeploy={onDeploy} />;
    case "WALK_FORWARD":
      return <WalkForward report={data as WalkForwardReport} />;
    case "LOOK_AHEAD":
      return <LookAhead report={data as LookAheadReport} />;
    default:
      return <RunPanels report={data as RunReport} />;
  }
}

function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return <ul className="notes muted">{notes.map((n) => <li key={n}>{n}</li>)}</ul>;
}

const money = (text: string | undefined) => decimal.formatMoney(text);

function RunPanels({ report }: { report: RunReport }) {
  const s = report.statistics;
  const curves = useMemo(() => {
    const equity = equityOf(report);
    return {
      equity: [{ name: "Equity", colour: "--accent", area: true, points: equity }],
      falls: [{ name: "Draw-down", colour: "--down", area: true, points: fallsOf(equity) }],
      exposure: [{ name: "Exposure", colour: "--warn", area: true, points: exposureOf(report) }],
    };
  }, [report]);
  const won = report.trades.reduce((sum, t) => (decimal.sign(t.profit) > 0 ? decimal.add(sum, t.profit) : sum), "0");
  const share = (part: string, whole: string, places: number) => (decimal.sign(whole) > 0 ? decimal.formatRatio(decimal.divide(part, whole, 8), places) : "–");
  const halted = (["daily_loss", "drawdown"] as const).filter((name) => report.loss_rules[name] !== null);
  return (
    <>
      <div className="stat-row">
        <Stat label="Return"><span className={`number ${s.return_ratio > 0 ? "up" : s.return_ratio < 0 ? "down" : ""}`}>{showFigure(s.return_ratio, true)}</span></Stat>
        <Stat label="Equity at the end"><span className="number">{money(report.equity)}</span></Stat>
        <Stat label="Deepest fall"><span className="number">{showFigure(s.drawdown_ratio, true)}</span></Stat>
        <Stat label="Sharpe" hint="Of the days' returns, a year"><span className="number">{showFigure(s.sharpe)}</span></Stat>
        <Stat label="Sortino"><span className="number">{showFigure(s.sortino)}</span></Stat>
        <Stat label="Calmar"><span className="number">{showFigure(s.calmar)}</span></Stat>
        <Stat label="Trades"><span className="number">{s.trades}</span></Stat>
        <Stat label="Won"><span className="number">{showFigure(s.win_ratio, true)}</span></Stat>
        <Stat label="Profit factor"><span className="number">{showFigure(s.profit_factor)}</span></Stat>
        <Stat label="Each trade" hint="Expectancy, after fees"><span className="number">{showFigure(s.expectancy)}</span></Stat>
        <Stat label="Time in the market"><span className="number">{showFigure(s.exposure_ratio, true)}</span></Stat>
        <Stat label="Days"><span className="number">{s.days.toFixed(1)}</span></Stat>
      </div>
      {halted.map((name) => (
        <p key={name} className="card-reason">The account's {name === "drawdown" ? "drawdown" : "daily loss"} limit was reached at <Moment at={report.loss_rules[name]!.time} />; entries were refused from then on.</p>
      ))}
      <Panel title="Equity" live={false} meta={<><Moment at={report.first_time} /> to <Moment at={report.last_time} /></>}>
        {report.curve.length > 1 ? (
          <>
            <CurveChart label={`Equity from ${money(report.setup.cash)} to ${money(report.equity)}`} curves={curves.equity} unit="money" />
            <h3 className="section">Draw-down</h3>
            <CurveChart label={`Draw-down, ${showFigure(s.drawdown_ratio, true)} at the deepest`} curves={curves.falls} unit="%" height="low" />
            <h3 className="section">Exposure</h3>
            <CurveChart label="Held at its cost, per cent of the equity" curves={curves.exposure} unit="%" height="low" />
          </>
        ) : <Empty title="No curve">Nothing was quoted in the time that was asked for.</Empty>}
      </Panel>
      <Trades report={report} />
      <div className="two-up">
        <Panel title="Months" live={false}><Months report={report} /></Panel>
        <Panel title="Costs" live={false}>
          <dl className="facts">
            <div><dt>Fees</dt><dd className="number">{money(report.fees)}</dd></div>
            <div><dt>Turnover</dt><dd className="number">{money(report.turnover)}</dd></div>
            <div><dt>Fees of the turnover</dt><dd className="number">{share(report.fees, report.turnover, 4)}</dd></div>
            <div><dt>Fees beside what the winners made</dt><dd className="number">{share(report.fees, won, 1)}</dd></div>
            <div><dt>Orders · fills · refused</dt><dd className="number">{report.orders} · {report.fills} · {report.refusals}</dd></div>
          </dl>
        </Panel>
      </div>
      <Panel title="By chance" live={false} meta={report.monte_carlo ? `${report.monte_carlo.runs} resamplings of the trades` : undefined}>
        {report.monte_carlo ? (
          <>
            <p>The same trades in another order and choice: between <strong className="number">{showFigure(report.monte_carlo.return_ratio[0], true)}</strong> and <strong className="number">{showFigure(report.monte_carlo.return_ratio[4], true)}</strong> in 90 of 100, <span className="number">{showFigure(report.monte_carlo.loss_share, true)}</span> of them at a loss; a fall of <span className="number">{showFigure(report.monte_carlo.drawdown_ratio[4], true)}</span> or more in 5 of 100.</p>
            <BandChart monteCarlo={report.monte_carlo} />
          </>
        ) : <Empty title="Too few trades">Below 20 trades a resampling says nothing.</Empty>}
      </Panel>
      {(report.first_refusals.length > 0 || report.notes.length > 0) && (
        <Panel title="Notes" live={false}>
          <Notes notes={report.notes} />
          {report.first_refusals.length > 0 && (
            <details>
              <summary>{report.refusals} orders were refused; the first</summary>
              <ul className="problem-list">{report.first_refusals.slice(0, 20).map((r, i) => <li key={i}><Moment at={r.time} /> {r.symbol} <code>{r.check}</code> {r.message}</li>)}</ul>
            </details>
          )}
        </Panel>
      )}
    </>
  );
}

const kMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function Months({ report }: { report: RunReport }) {
  const years = monthTable(report.statistics);
  if (years.length === 0) return <Empty title="No month yet" />;
  const cell = (value: number | null) => (value === null ? "" : <span className={`number ${value > 0 ? "up" : value < 0 ? "down" : ""}`}>{showFigure(value, true)}</span>);
  return (
    <div className="table-scroll" role="group" aria-label="Returns by month" tabIndex={0}>
      <table className="months">
        <thead><tr><th scope="col">Year</th>{kMonths.map((m) => <th key={m} scope="col">{m}</th>)}<th scope="col">All</th></tr></thead>
        <tbody>{years.map((y) => <tr key={y.year}><th scope="row">{y.year}</th>{y.months.map((m, i) => <td key={i} data-label={kMonths[i]}>{cell(m)}</td>)}<td data-label="All">{cell(y.whole)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

const kPage = 15;

function Trades({ report }: { report: RunReport }) {
  const symbols = Object.keys(report.candles);
  const busiest = useMemo(() => symbols.reduce((best, s) => (report.trades.filter((t) => t.symbol === s).length > report.trades.filter((t) => t.symbol === best).length ? s : best), symbols[0] ?? ""), [report]);
  const [symbol, setSymbol] = useState(busiest);
  const [focus, setFocus] = useState<ReportTrade | null>(null);
  const [page, setPage] = useState(0);
  const trades = report.trades.filter((t) => t.symbol === symbol);
  const pages = Math.max(1, Math.ceil(trades.length / kPage));
  const held = (t: ReportTrade) => duration((millis(t.close_time) ?? 0) - (millis(t.open_time) ?? 0));
  const columns: readonly Column<ReportTrade>[] = [
    { key: "in", label: "In", cell: (t) => <button type="button" className="link" title="Show on the candles" onClick={() => setFocus(t)}><Moment at={t.open_time} /></button> },
    { key: "side", label: "Side", cell: (t) => <span className={t.side === "BUY" ? "up" : "down"}>{t.side === "BUY" ? "LONG" : "SHORT"}</span> },
    { key: "quantity", label: "Quantity", end: true, cell: (t) => <span className="number">{decimal.format(t.quantity)}</span> },
    { key: "entry", label: "Entry", end: true, wideOnly: true, cell: (t) => <span className="number" title={t.entry_price}>{decimal.format(decimal.round(t.entry_price, 4), { minimumPlaces: 2 })}</span> },
    { key: "exit", label: "Exit", end: true, wideOnly: true, cell: (t) => <span className="number" title={t.exit_price}>{decimal.format(decimal.round(t.exit_price, 4), { minimumPlaces: 2 })}</span> },
    { key: "held", label: "Held", end: true, wideOnly: true, cell: (t) => <span className="number">{held(t)}</span> },
    { key: "profit", label: "P&L", end: true, cell: (t) => <Pnl value={t.profit} /> },
    { key: "why", label: "Reason", wideOnly: true, cell: (t) => sentence(t.exit_reason) },
  ];
  const candle = report.candles[symbol];
  return (
    <Panel
      title="Trades"
      live={false}
      meta={candle && candle.bars_a_candle > 1 ? `a candle is ${candle.bars_a_candle} bars` : undefined}
      actions={symbols.length > 1 ? <select aria-label="Symbol of the trades" value={symbol} onChange={(e) => { setSymbol(e.target.value); setFocus(null); setPage(0); }}>{symbols.map((s) => <option key={s} value={s}>{s} ({report.trades.filter((t) => t.symbol === s).length})</option>)}</select> : undefined}
    >
      {candle && candle.rows.length > 0 && <TradesChart report={report} symbol={symbol} focus={focus} />}
      <Table label="Trades" columns={columns} rows={trades.slice(page * kPage, (page + 1) * kPage)} rowKey={(t) => `${t.open_time}${t.side}${t.close_time}`} empty={<Empty title={`No trade of ${symbol}`}>No signal came, or none could be followed: the notes say what was refused.</Empty>} />
      {pages > 1 && (
        <p className="pager">
          <button type="button" className="button small" disabled={page === 0} onClick={() => setPage(page - 1)}>Earlier</button>
          <span className="number">{page * kPage + 1}–{Math.min(trades.length, (page + 1) * kPage)} of {trades.length}</span>
          <button type="button" className="button small" disabled={page >= pages - 1} onClick={() => setPage(page + 1)}>Later</button>
        </p>
      )}
      {report.statistics.trades > report.trades.length && <p className="muted">The first {report.trades.length} of {report.statistics.trades} trades.</p>}
    </Panel>
  );
}

function WalkForward({ report }: { report: WalkForwardReport }) {
  type Fold = WalkForwardReport["folds"][number];
  const ratio = (value: number) => <span className={`number ${value > 0 ? "up" : value < 0 ? "down" : ""}`}>{showFigure(value, true)}</span>;
  const columns: readonly Column<Fold>[] = [
    { key: "train", label: "Chosen on", cell: (f) => <><Moment at={f.train_from} /> to <Moment at={f.train_before} /></> },
    { key: "best", label: "Best", cell: (f) => <span className="number">{Object.entries(f.best).map(([name, value]) => `${name} ${value}`).join(", ")}</span> },
    { key: "there", label: "There", end: true, cell: (f) => ratio(f.train_return_ratio) },
    { key: "test", label: "Played to", wideOnly: true, cell: (f) => <Moment at={f.test_before} /> },
    { key: "then", label: "Then", end: true, cell: (f) => ratio(f.test_return_ratio) },
    { key: "fall", label: "Deepest fall", end: true, wideOnly: true, cell: (f) => <span className="number">{showFigure(f.test_drawdown_ratio, true)}</span> },
    { key: "trades", label: "Trades", end: true, wideOnly: true, cell: (f) => <span className="number">{f.test_trades}</span> },
  ];
  const held = report.folds.filter((f) => f.test_return_ratio > 0).length;
  return (
    <Panel title="Walk-forward" live={false} meta={`best by ${report.by}`}>
      <p className="verdict">Out of sample, one after the other: <strong>{ratio(report.return_ratio)}</strong> <span className="muted">{held} of {report.folds.length} parts won</span></p>
      <Table label="Folds" columns={columns} rows={report.folds} rowKey={(f) => f.train_from} empty={<Empty title="No fold" />} />
      <Notes notes={report.notes} />
    </Panel>
  );
}

function LookAhead({ report }: { report: LookAheadReport }) {
  type Difference = LookAheadReport["differences"][number];
  const columns: readonly Column<Difference>[] = [
    { key: "time", label: "Time", cell: (d) => <Moment at={d.time} /> },
    { key: "symbol", label: "Symbol", cell: (d) => d.symbol },
    { key: "all", label: "With everything", cell: (d) => <span className="wrap">{d.with_all}</span> },
    { key: "past", label: "With the past alone", cell: (d) => <span className="wrap">{d.with_past}</span> },
  ];
  const clean = report.differences.length === 0;
  return (
    <Panel title="Look-ahead check" live={false} meta={`${report.signals} signals`}>
      {report.signals === 0 ? (
        <Empty title="No signal, nothing to check" />
      ) : (
        <p className={`verdict ${clean ? "tone-good" : "tone-bad"}`}>{clean ? "✓ Every decision is the same with the past alone" : `✕ ${report.differences.length} decisions know what came later`}<span className="muted">the data was cut at {report.checked} signals</span></p>
      )}
      {!clean && <Table label="Differences" columns={columns} rows={report.differences} rowKey={(d) => d.time + d.symbol} empty={null} />}
      <Notes notes={report.notes} />
    </Panel>
  );
}
