import { useMemo, useState } from "react";
import { bestFirst, heatMap, kMetrics, metricBy, placesOf, showFigure, type Backtest, type SweepReport, type SweepRow } from "../lib/backtests";
import { draftOf, type DeploymentDraft } from "../lib/deployment_draft";
import { sentence } from "../lib/words";
import { Empty, Panel } from "../ui/parts";
import { Table, type Column } from "../ui/table";
import type { Ask } from "./backtest_form";

/** A sweep: two parameters against each other in colours, the best in a table; a cell leads to its backtest or deployment. */
export function SweepPanel({ backtest, report, onAgain, onDeploy }: { backtest: Backtest; report: SweepReport; onAgain: (ask: Ask) => void; onDeploy: (draft: DeploymentDraft) => void }) {
  const axes = report.axes.filter((a) => a.values.length > 0);
  const [metricName, setMetricName] = useState(metricBy(report.by).name);
  const [x, setX] = useState(axes[0]?.name ?? "");
  const [y, setY] = useState(axes[1]?.name ?? "");
  const [chosen, setChosen] = useState<SweepRow | null>(null);
  const metric = kMetrics.find((m) => m.name === metricName) ?? kMetrics[0]!;
  const map = useMemo(() => heatMap(report, x, y, metric), [report, x, y, metric]);
  const best = useMemo(() => bestFirst(report.rows, metric).filter((r) => !r.refusal), [report, metric]);
  const others = axes.filter((a) => a.name !== x && a.name !== y);
  const words = (row: SweepRow) => axes.map((a) => `${a.name} ${row.parameters[a.name] ?? ""}`).join(", ");
  const pick = (which: "x" | "y", name: string) => {
    // The same parameter cannot be on both sides: they change places.
    if (which === "x") {
      if (name === y) setY(x);
      setX(name);
    } else {
      if (name === x) setX(y);
      setY(name);
    }
  };
  const columns: readonly Column<SweepRow>[] = [
    { key: "parameters", label: "Parameters", cell: (r) => <button type="button" className="link" onClick={() => setChosen(r)}>{words(r)}</button> },
    ...kMetrics.map((m): Column<SweepRow> => ({ key: m.name, label: m.label, end: true, ...(["sharpe", "return_ratio", "trades"].includes(m.name) ? {} : { wideOnly: true }), cell: (r) => <span className="number">{m.name === "trades" ? (r.trades ?? "–") : showFigure(r[m.name] as number | null, m.ratio, placesOf(report.rows, m))}</span> })),
  ];
  const axisPicker = (label: string, value: string, which: "x" | "y") => (
    <label>{label} <select value={value} onChange={(e) => pick(which, e.target.value)}>{axes.map((a) => <option key={a.name}>{a.name}</option>)}</select></label>
  );
  return (
    <>
      <Panel
        title="Heat map"
        live={false}
        meta={others.length > 0 ? `of ${others.map((a) => a.name).join(", ")} the best` : `${report.rows.length} combinations`}
        actions={<select aria-label="Figure" value={metricName} onChange={(e) => setMetricName(e.target.value as typeof metricName)}>{kMetrics.map((m) => <option key={m.name} value={m.name}>{m.label}</option>)}</select>}
      >
        <div className="heat-scale">
          {axisPicker("Across", x, "x")}
          {axes.length > 1 && axisPicker("Down", y, "y")}
          <span>greener is better; choose a cell</span>
        </div>
        {best.length === 0 ? <Empty title="No combination ran">{report.rows[0]?.refusal}</Empty> : (
          <div className="table-scroll" role="group" aria-label="Heat map" tabIndex={0}>
            <table className="heat">
              <thead><tr><th scope="col">{y ? `${sentence(y)} \\ ${sentence(x)}` : sentence(x)}</th>{map.xs.map((value) => <th key={value} scope="col">{value}</th>)}</tr></thead>
              <tbody>
                {map.cells.map((line, row) => (
                  <tr key={map.ys[row]}>
                    <th scope="row">{map.ys[row]}</th>
                    {line.map((cell, column) => (
                      <td key={map.xs[column]}>
                        {cell.row && !cell.row.refusal ? (
                          <button
                            type="button"
                            className={`${chosen?.index === cell.row.index ? "on" : ""} ${cell.rank === 1 ? "best" : ""}`}
                            aria-label={`${words(cell.row)}: ${metric.label} ${metric.name === "trades" ? cell.value : showFigure(cell.value, metric.ratio, placesOf(report.rows, metric))}`}
                            aria-pressed={chosen?.index === cell.row.index}
                            style={cell.rank === null ? undefined : { background: heat(cell.rank) }}
                            onClick={() => setChosen(cell.row)}
                          >
                            {metric.name === "trades" ? cell.value : showFigure(cell.value, metric.ratio, placesOf(report.rows, metric))}
                          </button>
                        ) : <span className="heat-none" title={cell.row?.refusal ?? "was not run"}>×</span>}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {chosen && (
          <div className="chosen" role="status">
            <p><strong>{words(chosen)}</strong> · return {showFigure(chosen.return_ratio, true)} · fall {showFigure(chosen.drawdown_ratio, true)} · Sharpe {showFigure(chosen.sharpe)} · {chosen.trades} trades</p>
            <div className="row">
              <button type="button" className="button small" onClick={() => onAgain({ kind: "RUN", from: { ...backtest.spec, grid: [] }, parameters: chosen.parameters })}>Backtest this one…</button>
              <button type="button" className="button small primary" onClick={() => onDeploy({ ...draftOf(backtest.spec.deployment), parameters: chosen.parameters })}>Deploy this one…</button>
            </div>
          </div>
        )}
      </Panel>
      <Panel title="The best" live={false} meta={`by ${metric.label}`}>
        <Table label="The best combinations" columns={columns} rows={best.slice(0, 50)} rowKey={(r) => String(r.index)} empty={<Empty title="No combination ran" />} />
        {report.notes.length > 0 && <ul className="notes muted">{report.notes.map((n) => <li key={n}>{n}</li>)}</ul>}
      </Panel>
    </>
  );
}

/** From the worst (red) over the panel to the best (green); never so strong that the figure cannot be read. */
function heat(rank: number): string {
  const strength = Math.round(Math.abs(rank - 0.5) * 2 * 42);
  return `color-mix(in srgb, var(${rank >= 0.5 ? "--up" : "--down"}) ${strength}%, var(--panel))`;
}
