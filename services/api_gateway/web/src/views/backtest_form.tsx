import { useEffect, useState } from "react";
import { ApiError, get, post } from "../api/client";
import type { Strategy } from "../api/types";
import { combinations, kKinds, kMetrics, type Backtest, type BacktestSpec } from "../lib/backtests";
import { draftOf, draftProblems, kFreshDraft, specOf, type DeploymentDraft } from "../lib/deployment_draft";
import * as decimal from "../lib/decimal";
import type { DataSet } from "../lib/own_data";
import { newKey, sentence } from "../lib/words";
import { notify } from "../state/store";
import { DeploymentFields } from "../ui/deployment_fields";
import { Dialog, Empty, Failure, Field, useAction, useFetched } from "../ui/parts";
import { kBacktestsPath } from "./backtests";

/** What the form begins with: a kind, and perhaps the settings of another backtest. */
export interface Ask {
  kind: string;
  from?: BacktestSpec;
  /** Other parameters than those of `from`. */
  parameters?: Record<string, string>;
  /** NAME@VERSION of own data. */
  dataSet?: string;
}
interface Rest {
  kind: string;
  label: string;
  dataSet: string;
  from: string;
  to: string;
  cash: string;
  spread: string;
  slippage: string;
  accountFall: string;
  grid: Readonly<Record<string, string>>;
  by: string;
  folds: string;
  checks: string;
}

const kCombinationsMax = 10_000;
const day = (text: string | null | undefined) => (text ? text.slice(0, 10) : "");

function restOf(ask: Ask): Rest {
  const { from } = ask;
  return {
    kind: ask.kind,
    label: from?.label ?? "",
    dataSet: ask.dataSet ?? from?.data_set ?? "",
    from: day(from?.start_time),
    to: day(from?.end_time),
    cash: from?.cash || "100000",
    spread: from?.spread_ratio ? decimal.percentFromRatio(from.spread_ratio) : "0.02",
    slippage: String(from?.slippage_ticks ?? 0),
    accountFall: from?.limits?.["drawdown_ratio"] ? decimal.percentFromRatio(from.limits["drawdown_ratio"]) : "5",
    grid: Object.fromEntries((from?.grid ?? []).map((axis) => [axis.name, axis.values])),
    by: from?.by || "sharpe",
    folds: String(from?.folds || 4),
    checks: String(from?.checks || 100),
  };
}

export function BacktestForm({ ask, onClose }: { ask: Ask; onClose: () => void }) {
  const strategies = useFetched(() => get<{ strategies?: Strategy[] }>("/api/trading/strategies"), []);
  const markets = useFetched(() => get<{ markets?: { symbol: string; timeframe: string }[] }>(`${kBacktestsPath}/markets`), []);
  const sets = useFetched(() => get<{ data_sets?: DataSet[] }>("/api/live/data-sets?page_size=500"), []);
  const [draft, setDraft] = useState<DeploymentDraft>(() => {
    const base = ask.from ? draftOf(ask.from.deployment) : { ...kFreshDraft, dailyLoss: "", drawdown: "" };
    return ask.parameters ? { ...base, parameters: { ...base.parameters, ...ask.parameters } } : base;
  });
  const [rest, setRest] = useState<Rest>(() => restOf(ask));
  // The same content again is the same backtest, whatever became of the answer.
  const [key, setKey] = useState(() => newKey("bt"));
  const { busy, error, run } = useAction();
  const all = strategies.data?.strategies ?? [];
  const strategy = all.find((s) => s.strategy_id === draft.strategyId) ?? all[0];
  const own = sets.data?.data_sets ?? [];
  const set = own.find((s) => `${s.name}@${s.version}` === rest.dataSet);
  const change = (part: Partial<Rest>) => {
    setKey(newKey("bt"));
    setRest((before) => ({ ...before, ...part }));
  };
  const changeDraft = (part: Partial<DeploymentDraft>) => {
    setKey(newKey("bt"));
    setDraft((before) => ({ ...before, ...part }));
  };
  const chooseData = (name: string) => {
    const chosen = own.find((s) => `${s.name}@${s.version}` === name);
    change({ dataSet: name });
    changeDraft(chosen ? { symbols: [chosen.symbol], timeframe: chosen.timeframe } : { symbols: [], timeframe: "1m" });
  };
  // The data set that the form was opened for is known once the list is there.
  useEffect(() => {
    if (ask.dataSet && set) setDraft((before) => ({ ...before, symbols: [set.symbol], timeframe: set.timeframe }));
  }, [ask.dataSet, set?.symbol]);
  const hasGrid = rest.kind === "SWEEP" || rest.kind === "WALK_FORWARD";
  const grid = (strategy?.parameters ?? []).map((p) => ({ name: p.name, values: (rest.grid[p.name] ?? "").trim() })).filter((axis) => axis.values !== "");
  const count = combinations(grid);
  const gridProblem = !hasGrid ? undefined : grid.length === 0 ? "Give at least one parameter its values" : count === null ? "Values like 5..30/5 or 10,20,50" : count > kCombinationsMax ? `${count} combinations; ${kCombinationsMax} at most` : undefined;
  const percent = (text: string) => decimal.ratioFromPercent(text) !== null && decimal.sign(text) >= 0;
  const problems = {
    cash: decimal.sign(rest.cash) > 0 && decimal.parse(rest.cash) !== null ? undefined : "An amount above 0",
    spread: percent(rest.spread) ? undefined : "Per cent, 0 or more",
    slippage: /^\d{1,4}$/.test(rest.slippage) && Number(rest.slippage) <= 1000 ? undefined : "0 to 1000",
    accountFall: percent(rest.accountFall) && decimal.sign(rest.accountFall) > 0 ? undefined : "Per cent above 0",
    to: rest.from && rest.to && rest.to <= rest.from ? "After the first day" : undefined,
    folds: /^\d{1,3}$/.test(rest.folds) && Number(rest.folds) >= 1 && Number(rest.folds) <= 100 ? undefined : "1 to 100",
    checks: /^\d{1,5}$/.test(rest.checks) && Number(rest.checks) >= 1 && Number(rest.checks) <= 10000 ? undefined : "1 to 10000",
  };
  const complete = !!strategy && Object.keys(draftProblems(draft)).length === 0 && Object.values(problems).every((p) => p === undefined) && !gridProblem;
  const submit = () =>
    run(async () => {
      const spec = {
        kind: `BACKTEST_KIND_${rest.kind}`,
        deployment: specOf(draft, strategy!, ""),
        data_set: rest.dataSet,
        ...(rest.from ? { start_time: `${rest.from}T00:00:00Z` } : {}),
        ...(rest.to ? { end_time: `${rest.to}T00:00:00Z` } : {}),
        cash: rest.cash,
        spread_ratio: decimal.ratioFromPercent(rest.spread),
        slippage_ticks: Number(rest.slippage),
        limits: { drawdown_ratio: decimal.ratioFromPercent(rest.accountFall) },
        ...(hasGrid ? { grid, by: rest.by } : {}),
        ...(rest.kind === "WALK_FORWARD" ? { folds: Number(rest.folds) } : {}),
        ...(rest.kind === "LOOK_AHEAD" ? { checks: Number(rest.checks) } : {}),
        label: rest.label,
      };
      const answer = await post<{ backtest: Backtest }>(kBacktestsPath, { request_id: key, spec }, { "Idempotency-Key": key });
      notify("done", `${answer.backtest.backtest_id} is on its way`);
      onClose();
      location.hash = `#/backtests/${answer.backtest.backtest_id}`;
    });
  const text = (field: "cash" | "spread" | "slippage" | "accountFall" | "folds" | "checks", label: string, hint?: string) => (
    <Field label={label} error={problems[field]} hint={hint}>
      {(id, note) => <input id={id} aria-describedby={note} inputMode="decimal" autoComplete="off" value={rest[field]} onChange={(e) => change({ [field]: e.target.value.trim() })} />}
    </Field>
  );
  return (
    <Dialog title="New backtest" onClose={onClose} wide>
      {[strategies, markets, sets].map((f, i) => f.error !== null && <Failure key={i} error={f.error} retry={f.reload} />)}
      <div className="kinds choices" role="radiogroup" aria-label="Kind">
        {kKinds.map(([kind, words, hint]) => (
          <label key={kind} className={`choice ${rest.kind === kind ? "on" : ""}`}>
            <input type="radio" name="kind" checked={rest.kind === kind} onChange={() => change({ kind })} />
            <span><strong>{words}</strong><small>{hint}</small></span>
          </label>
        ))}
      </div>
      <div className="form-grid">
        <Field label="Data" hint={set ? `${set.rows} bars from ${day(set.first_start)} to ${day(set.last_start)}` : "Five days of shares, two of crypto, minute by minute"}>
          {(id, note) => (
            <select id={id} aria-describedby={note} value={rest.dataSet} onChange={(e) => chooseData(e.target.value)}>
              <option value="">Recorded days that came with Ballast</option>
              {own.map((s) => <option key={`${s.name}@${s.version}`} value={`${s.name}@${s.version}`}>{s.name}@{s.version} · {s.symbol} {s.timeframe}</option>)}
            </select>
          )}
        </Field>
        <Field label="Label">{(id) => <input id={id} value={rest.label} maxLength={60} placeholder="for you" onChange={(e) => change({ label: e.target.value })} />}</Field>
      </div>
      {strategies.data && all.length === 0 ? (
        <Empty title="No strategy is there" />
      ) : (
        <DeploymentFields draft={draft} onChange={changeDraft} strategies={all} symbols={set ? [set.symbol] : (markets.data?.markets ?? []).map((m) => m.symbol)} equity={rest.cash} fixedFrame={set?.timeframe ?? ""} withoutAccount />
      )}
      {hasGrid && (
        <fieldset className="grid-rows">
          <legend className="field-hint">Values to try: 5..30/5 is 5, 10, … 30; or 10,20,50. Empty: as above.</legend>
          {(strategy?.parameters ?? []).map((p) => (
            <label key={p.name} className="grid-row">
              <span>{sentence(p.name)} <small className="muted">{p.minimum}–{p.maximum}</small></span>
              <input aria-label={`Values of ${p.name}`} autoComplete="off" value={rest.grid[p.name] ?? ""} onChange={(e) => change({ grid: { ...rest.grid, [p.name]: e.target.value } })} />
            </label>
          ))}
          <p className={gridProblem ? "field-error" : "field-hint"} aria-live="polite">{gridProblem ?? `${count} combinations`}</p>
        </fieldset>
      )}
      <div className="form-grid four">
        {hasGrid && (
          <Field label="Best by">
            {(id) => <select id={id} value={rest.by} onChange={(e) => change({ by: e.target.value })}>{kMetrics.filter((m) => !["win_ratio", "trades"].includes(m.name)).map((m) => <option key={m.name} value={m.name.replace("_ratio", "")}>{m.label}</option>)}</select>}
          </Field>
        )}
        {rest.kind === "WALK_FORWARD" && text("folds", "Folds")}
        {rest.kind === "LOOK_AHEAD" && text("checks", "Signals to recompute", "spread over all")}
        <Field label="From" hint="empty: all">{(id, note) => <input id={id} aria-describedby={note} type="date" value={rest.from} onChange={(e) => change({ from: e.target.value })} />}</Field>
        <Field label="To" error={problems.to} hint="nothing from then on">{(id, note) => <input id={id} aria-describedby={note} type="date" value={rest.to} onChange={(e) => change({ to: e.target.value })} />}</Field>
        {text("cash", "Cash")}
        {text("accountFall", "Account's drawdown limit %", "entries are refused below")}
        {text("spread", "Spread %", "where nobody quoted")}
        {text("slippage", "Slippage, ticks", "takers pay more")}
      </div>
      {error !== null && <Failure error={error} />}
      {error instanceof ApiError && error.violations.length > 1 && (
        <ul className="problem-list">{error.violations.map((v) => <li key={`${v.field}${v.message}`}><code>{v.field}</code> {v.message}</li>)}</ul>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Not now</button>
        <button type="button" className="button primary" disabled={!complete || busy} onClick={submit}>{busy ? "Starting…" : `Start ${(kKinds.find(([kind]) => kind === rest.kind)?.[1] ?? "").toLowerCase()}`}</button>
      </div>
    </Dialog>
  );
}
