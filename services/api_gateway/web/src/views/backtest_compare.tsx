import { useMemo } from "react";
import { get } from "../api/client";
import { returnsOf, showFigure, type Backtest, type RunReport, type Statistics } from "../lib/backtests";
import * as decimal from "../lib/decimal";
import { Empty, Failure, Panel, useFetched } from "../ui/parts";
import { CurveChart, kCurveColours } from "../ui/report_charts";
import { dataOf, wayTo, whatOf } from "./backtests";

// More curves than colours cannot be told apart.
const kRunsMax = 6;

const kRows: readonly [string, (s: Statistics, r: RunReport) => string][] = [
  ["Return", (s) => showFigure(s.return_ratio, true)],
  ["A year", (s) => showFigure(s.annual_return, true)],
  ["Deepest fall", (s) => showFigure(s.drawdown_ratio, true)],
  ["Volatility", (s) => showFigure(s.volatility, true)],
  ["Sharpe", (s) => showFigure(s.sharpe)],
  ["Sortino", (s) => showFigure(s.sortino)],
  ["Calmar", (s) => showFigure(s.calmar)],
  ["Trades", (s) => String(s.trades)],
  ["Won", (s) => showFigure(s.win_ratio, true)],
  ["Profit factor", (s) => showFigure(s.profit_factor)],
  ["Each trade", (s) => showFigure(s.expectancy)],
  ["Time in the market", (s) => showFigure(s.exposure_ratio, true)],
  ["Fees", (_, r) => decimal.formatMoney(r.fees)],
  ["Turnover", (_, r) => decimal.formatMoney(r.turnover)],
  ["Days", (s) => s.days.toFixed(1)],
];

/** Runs beside each other: their returns in one picture, their figures in one table. */
export function CompareView({ ids: asked }: { ids: readonly string[] }) {
  const ids = asked.slice(0, kRunsMax);
  const { data, error, reload } = useFetched(
    () =>
      Promise.all(
        ids.map(async (id) => ({
          backtest: (await get<{ backtest: Backtest }>(wayTo(id))).backtest,
          report: await get<RunReport>(`${wayTo(id)}/report`),
        })),
      ),
    [ids.join(",")],
  );
  const curves = useMemo(() => (data ?? []).map(({ backtest, report }, i) => ({ name: backtest.backtest_id, colour: kCurveColours[i]!, points: returnsOf(report) })), [data]);
  // Of different times: side by side they would say nothing.
  const apart = data !== null && new Set(data.map(({ report }) => report.first_time.slice(0, 10) + report.last_time.slice(0, 10))).size > 1;
  return (
    <>
      <p><a href="#/backtests">← All backtests</a></p>
      <h1>Comparison</h1>
      {asked.length > kRunsMax && <p className="muted">The first {kRunsMax} of {asked.length}.</p>}
      {error !== null && <Failure error={error} retry={reload} />}
      {error === null && data === null && <Empty title="Reading the reports…" />}
      {data && (
        <>
          <Panel title="Return" live={false} meta={apart ? "not of the same time" : undefined}>
            <ul className="legend">
              {data.map(({ backtest }, i) => (
                <li key={backtest.backtest_id}>
                  <svg viewBox="0 0 18 4" aria-hidden="true"><line x1="0" x2="18" y1="2" y2="2" stroke={`var(${kCurveColours[i]!})`} strokeWidth="4" /></svg>
                  <a href={`#/backtests/${backtest.backtest_id}`}>{backtest.backtest_id}</a> <span className="muted">{backtest.spec.label || whatOf(backtest)}</span>
                </li>
              ))}
            </ul>
            <CurveChart label={`Returns of ${ids.join(", ")}`} curves={curves} unit="%" height="" />
          </Panel>
          <Panel title="Figures" live={false}>
            <div className="table-scroll" role="group" aria-label="Figures of the runs" tabIndex={0}>
              <table className="figures">
                <thead><tr><th scope="col">Figure</th>{data.map(({ backtest }) => <th key={backtest.backtest_id} scope="col" className="end">{backtest.backtest_id}</th>)}</tr></thead>
                <tbody>
                  <tr><th scope="row">Data</th>{data.map(({ backtest }) => <td key={backtest.backtest_id} className="end"><span className="clip">{dataOf(backtest)}</span></td>)}</tr>
                  {kRows.map(([label, of]) => <tr key={label}><th scope="row">{label}</th>{data.map(({ backtest, report }) => <td key={backtest.backtest_id} className="end number">{of(report.statistics, report)}</td>)}</tr>)}
                </tbody>
              </table>
            </div>
          </Panel>
        </>
      )}
    </>
  );
}
