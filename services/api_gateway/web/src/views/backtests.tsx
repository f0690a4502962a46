import { useMemo, useState } from "react";
import "../backtests.css";
import { call, get, post } from "../api/client";
import { isUnderWay, kindOf, kKinds, statusOf, withStreamed, type Backtest } from "../lib/backtests";
import type { DeploymentDraft } from "../lib/deployment_draft";
import { notify, useModel, useStore } from "../state/store";
import { DeployDialog } from "../ui/deploy_dialog";
import { Empty, Failure, Meter, Moment, Panel, State, useAction, useFetched } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";
import { BacktestForm, type Ask } from "./backtest_form";
import { CompareView } from "./backtest_compare";
import { BacktestDetail } from "./backtest_detail";

export const kBacktestsPath = "/api/live/backtests";
export const wayTo = (id: string) => `${kBacktestsPath}/${encodeURIComponent(id)}`;
export const kindWords = (b: Backtest) => kKinds.find(([kind]) => kind === kindOf(b.spec))?.[1] ?? "Backtest";

/** What was run, in a few words. */
export function whatOf(b: Backtest): string {
  const { deployment } = b.spec;
  const parameters = Object.entries(deployment.parameters ?? {}).map(([name, value]) => `${name} ${value}`).join(", ");
  return `${deployment.strategy_id}${parameters ? ` · ${parameters}` : ""}`;
}
export function dataOf(b: Backtest): string {
  return `${b.spec.deployment.symbols.join(" ")} · ${b.spec.deployment.timeframe}${b.spec.data_set ? ` · ${b.spec.data_set}` : ""}`;
}

/** A badge, and how far it is while it runs. */
export function Progress({ backtest }: { backtest: Backtest }) {
  const total = Number(backtest.total);
  const running = statusOf(backtest) === "RUNNING";
  const percent = total > 0 ? Math.floor((100 * Number(backtest.done)) / total) : 0;
  return (
    <span className="bt-progress">
      <span><State name={backtest.status} prefix="BACKTEST_STATUS_" />{running && <span className="number muted"> {total > 0 ? `${percent}%` : ""}</span>}</span>
      {running && <Meter label={`Progress of ${backtest.backtest_id}`} ratio={total > 0 ? percent / 100 : 0} text={`${percent} per cent`} tone="quiet" />}
      {backtest.message && <small className="bt-label" title={backtest.message}>{backtest.message}</small>}
    </span>
  );
}

/** Cancel while it is under way, delete when it is over; deleting is asked twice. */
export function BacktestActions({ backtest, onDone, onDeleted }: { backtest: Backtest; onDone: () => void; onDeleted: () => void }) {
  const [sure, setSure] = useState(false);
  const { busy, error, run } = useAction();
  const id = backtest.backtest_id;
  const cancel = () =>
    run(async () => {
      await post(`${wayTo(id)}/cancel`);
      notify("done", `${id} is cancelled`);
      onDone();
    });
  const remove = () =>
    run(async () => {
      await call("DELETE", wayTo(id));
      notify("done", `${id} is deleted`);
      onDeleted();
    });
  return (
    <>
      {isUnderWay(backtest) ? (
        <button type="button" className="button small" disabled={busy} onClick={cancel}>Cancel<span className="visually-hidden"> {id}</span></button>
      ) : sure ? (
        <button type="button" className="button small danger" disabled={busy} onClick={remove}>Delete {id}</button>
      ) : (
        <button type="button" className="button small" onClick={() => setSure(true)}>Delete…<span className="visually-hidden"> {id}</span></button>
      )}
      {error !== null && <Failure error={error} />}
    </>
  );
}

const figure = (b: Backtest, name: string, unit = "") => {
  const text = b.figures?.[name];
  // "-0.00" is a zero that was rounded.
  return text ? `${Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212")}${unit}` : "–";
};
const tone = (text: string | undefined) => (!text || Number(text) === 0 ? "" : text.startsWith("-") ? "down" : "up");

export function BacktestsView() {
  const { item, query } = useRoute();
  const [asked, setAsked] = useState<Ask | null>(null);
  const [deploying, setDeploying] = useState<DeploymentDraft | null>(null);
  // "Backtest…" of a data set leads here.
  const wanted = query.get("new");
  const compared = (query.get("compare") ?? "").split(",").filter((id) => id !== "");
  return (
    <>
      {item ? (
        <BacktestDetail key={item} id={item} onAgain={setAsked} onDeploy={setDeploying} />
      ) : compared.length > 1 ? (
        <CompareView key={compared.join(",")} ids={compared} />
      ) : (
        <BacktestList onAsk={setAsked} />
      )}
      {asked && <BacktestForm ask={asked} onClose={() => setAsked(null)} />}
      {!asked && wanted !== null && <BacktestForm ask={{ kind: "RUN", dataSet: wanted }} onClose={() => setQuery("new", "")} />}
      {deploying && <DeployDialog initial={deploying} onClose={() => setDeploying(null)} />}
    </>
  );
}

function BacktestList({ onAsk }: { onAsk: (ask: Ask) => void }) {
  const { query } = useRoute();
  const kind = query.get("kind") ?? "";
  const streamed = useModel((m) => m.backtests);
  const live = useStore((s) => s.connection === "live");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { data, error, reload } = useFetched(
    () => get<{ backtests?: Backtest[]; next_page_token?: string }>(`${kBacktestsPath}?page_size=200${kind ? `&kind=BACKTEST_KIND_${kind}` : ""}`),
    [kind, live],
    // The stream tells; without it they are asked for.
    live ? 0 : 3000,
  );
  const all = useMemo(() => (data ? withStreamed(data.backtests ?? [], streamed, kind) : []), [data, streamed, kind]);
  const choose = (id: string, on: boolean) => setChosen((before) => (on ? [...before, id] : before.filter((each) => each !== id)));
  const columns: readonly Column<Backtest>[] = [
    {
      key: "compare", label: "Compare", hiddenLabel: true,
      cell: (b) => (kindOf(b.spec) === "RUN" && statusOf(b) === "SUCCEEDED" ? <input type="checkbox" aria-label={`Compare ${b.backtest_id}`} checked={chosen.includes(b.backtest_id)} onChange={(e) => choose(b.backtest_id, e.target.checked)} /> : null),
    },
    { key: "id", label: "Backtest", cell: (b) => <><a className="strong" href={`#/backtests/${b.backtest_id}`}>{b.backtest_id}</a> <span className="kind">{kindWords(b)}</span><span className="bt-label">{b.spec.label || whatOf(b)}</span></> },
    { key: "data", label: "Data", wideOnly: true, cell: (b) => <span className="clip">{dataOf(b)}</span> },
    { key: "status", label: "Status", cell: (b) => <><Progress backtest={b} />{b.figures?.["return_percent"] && <span className={`narrow-only number ${tone(b.figures["return_percent"])}`}>{figure(b, "return_percent", "%")}</span>}</> },
    { key: "return", label: "Return", end: true, wideOnly: true, cell: (b) => <span className={`number ${tone(b.figures?.["return_percent"])}`}>{figure(b, "return_percent", "%")}</span> },
    { key: "fall", label: "Deepest fall", end: true, wideOnly: true, cell: (b) => <span className="number">{figure(b, "drawdown_percent", "%")}</span> },
    { key: "sharpe", label: "Sharpe", end: true, wideOnly: true, cell: (b) => <span className="number">{figure(b, "sharpe")}</span> },
    { key: "trades", label: "Trades", end: true, wideOnly: true, cell: (b) => <span className="number">{figure(b, "trades")}</span> },
    { key: "time", label: "Asked", wideOnly: true, cell: (b) => <Moment at={b.create_time} /> },
    { key: "actions", label: "Actions", hiddenLabel: true, end: true, wideOnly: true, cell: (b) => <BacktestActions backtest={b} onDone={reload} onDeleted={reload} /> },
  ];
  return (
    <>
      <div className="view-head">
        <h1>Backtests</h1>
        <span className="muted">the code that trades, on recorded markets</span>
        <button type="button" className="button primary push" onClick={() => onAsk({ kind: "RUN" })}>New backtest…</button>
      </div>
      <Panel
        title="Runs"
        live={false}
        actions={
          <>
            <button type="button" className="button small" disabled={chosen.length < 2} title={chosen.length < 2 ? "Choose two or more that have succeeded" : undefined} onClick={() => setQuery("compare", chosen.join(","))}>Compare{chosen.length > 0 ? ` ${chosen.length}` : ""}</button>
            <select aria-label="Kind" value={kind} onChange={(e) => setQuery("kind", e.target.value)}>
              <option value="">All kinds</option>
              {kKinds.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
            </select>
          </>
        }
      >
        {error !== null && <Failure error={error} retry={reload} />}
        <Table
          label="Backtests"
          columns={columns}
          rows={all}
          rowKey={(b) => b.backtest_id}
          onOpen={(b) => { location.hash = `#/backtests/${b.backtest_id}`; }}
          empty={
            data ? (
              <Empty title={kind ? "None of this kind yet" : "Nothing was backtested yet"}>
                <p>Try a strategy on the recorded days that came with Ballast, or on <a href="#/data">your own data</a>.</p>
                <p><button type="button" className="button primary" onClick={() => onAsk({ kind: kind || "RUN" })}>New backtest…</button></p>
              </Empty>
            ) : error === null ? <Empty title="Reading…" /> : null
          }
        />
        {data?.next_page_token && <p className="muted">The newest 200.</p>}
      </Panel>
    </>
  );
}

