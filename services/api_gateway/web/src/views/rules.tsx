import { useState } from "react";
import { ApiError, get, post } from "../api/client";
import { newKey } from "../lib/words";
import { byMetric, metricNames, type RuleStrategy } from "../lib/rules";
import { notify } from "../state/store";
import { DeployDialog } from "../ui/deploy_dialog";
import { Dialog, Empty, Failure, Field, Moment, Panel, useAction, useFetched } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";

const kPath = "/api/live/rule-strategies";

/** The catalogue of strategies written as rules: the best by a metric first, import, deploy, archive. */
export function RulesView() {
  const { query } = useRoute();
  const sortBy = query.get("by") ?? "";
  const archived = query.get("archived") === "yes";
  const list = useFetched(() => get<{ rule_strategies?: RuleStrategy[] }>(`${kPath}?include_archived=${archived}`), [archived], 10000);
  const [importing, setImporting] = useState(false);
  const [open, setOpen] = useState<RuleStrategy | null>(null);
  const [deploying, setDeploying] = useState("");
  const { busy, error, run } = useAction();
  const all = list.data?.rule_strategies ?? [];
  const names = metricNames(all);
  const archive = (id: string) =>
    run(async () => {
      await post(`${kPath}/${encodeURIComponent(id)}/archive`);
      notify("done", `${id} is archived; what is deployed goes on`);
      setOpen(null);
      list.reload();
    });
  const columns: readonly Column<RuleStrategy>[] = [
    { key: "id", label: "Strategy", cell: (r) => <strong>{r.name} @{r.version}</strong> },
    { key: "title", label: "Name", wideOnly: true, cell: (r) => <span className="clip">{r.display_name || "–"}</span> },
    ...names.slice(0, 5).map((name): Column<RuleStrategy> => ({ key: `metric:${name}`, label: name, end: true, cell: (r) => <span className="number">{r.metrics[name] ?? "–"}</span> })),
    { key: "actor", label: "By", wideOnly: true, cell: (r) => r.actor },
    { key: "time", label: "Stored", wideOnly: true, cell: (r) => <Moment at={r.create_time} /> },
    { key: "deploy", label: "", end: true, cell: (r) => (r.archived ? <span className="muted">archived</span> : <button type="button" className="button small" onClick={(e) => { e.stopPropagation(); setDeploying(r.strategy_id); }}>Deploy…</button>) },
  ];
  return (
    <>
      <h1 className="visually-hidden">Rules</h1>
      <Panel
        title="Strategies as rules"
        meta="stored as versions that nobody can change"
        live={false}
        actions={
          <>
            <select aria-label="Sort by" value={sortBy} onChange={(e) => setQuery("by", e.target.value)}>
              <option value="">By name</option>
              {names.map((name) => <option key={name} value={name}>Best {name}</option>)}
            </select>
            <select aria-label="Archived ones" value={archived ? "yes" : ""} onChange={(e) => setQuery("archived", e.target.value)}>
              <option value="">Without archived</option>
              <option value="yes">With archived</option>
            </select>
            <button type="button" className="button small primary" onClick={() => setImporting(true)}>Import…</button>
          </>
        }
      >
        {list.error !== null && <Failure error={list.error} retry={list.reload} />}
        <Table label="Strategies as rules" columns={columns} rows={byMetric(all, sortBy)} rowKey={(r) => r.strategy_id} onOpen={setOpen} empty={list.data ? <Empty title="No strategy is stored yet">
              <p>Indicators, comparisons and logic as JSON: checked when it is stored, with the place of each fault, and run without any code of yours. Ballast's sources have some in <code>examples/rules</code>.</p>
              <p><button type="button" className="button primary" onClick={() => setImporting(true)}>Import one…</button></p>
            </Empty> : <Empty title="Reading…" />} />
      </Panel>
      {importing && <ImportDialog onClose={() => setImporting(false)} onDone={list.reload} />}
      {open && (
        <Dialog title={open.strategy_id} onClose={() => setOpen(null)} wide>
          <p>{open.description || open.display_name}</p>
          <RulesText id={open.strategy_id} />
          {error !== null && <Failure error={error} />}
          <div className="dialog-actions">
            {!open.archived && <button type="button" className="button danger" disabled={busy} onClick={() => archive(open.strategy_id)}>Archive</button>}
            {!open.archived && <button type="button" className="button primary" onClick={() => { setDeploying(open.strategy_id); setOpen(null); }}>Deploy…</button>}
          </div>
        </Dialog>
      )}
      {deploying && <DeployDialog strategy={deploying} onClose={() => setDeploying("")} />}
    </>
  );
}

function RulesText({ id }: { id: string }) {
  const { data, error } = useFetched(() => get<{ rule_strategy: RuleStrategy }>(`${kPath}/${encodeURIComponent(id)}`), [id]);
  if (error !== null) return <Failure error={error} />;
  return <pre tabIndex={0} aria-label="Text of the rules">{data?.rule_strategy.text ?? "…"}</pre>;
}

function ImportDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [metrics, setMetrics] = useState("");
  // The same content again is the same version, whatever became of the answer.
  const [key, setKey] = useState(() => newKey("rules"));
  const { busy, error, run } = useAction();
  const changed = (set: (value: string) => void) => (value: string) => {
    set(value);
    setKey(newKey("rules"));
  };
  const submit = () =>
    run(async () => {
      const pairs = metrics.split(/[\s,]+/).filter((part) => part !== "").map((part) => part.split("=") as [string, string?]);
      const answer = await post<{ rule_strategy: RuleStrategy }>(kPath, { request_id: key, name, text, metrics: Object.fromEntries(pairs.map(([metric, value]) => [metric, value ?? ""])) });
      notify("done", `Stored as ${answer.rule_strategy.strategy_id}`);
      onDone();
      onClose();
    });
  return (
    <Dialog title="Import a strategy" onClose={onClose} wide>
      <Field label="Name" hint="a to z, 0 to 9, _ and -; a name that is there gets its next version">
        {(id, note) => <input id={id} aria-describedby={note} value={name} onChange={(e) => changed(setName)(e.target.value)} autoFocus />}
      </Field>
      <Field label="File" hint="fills in what follows; nothing is stored yet">
        {(id, note) => <input id={id} aria-describedby={note} type="file" accept=".json,application/json" onChange={(e) => void e.target.files?.[0]?.text().then(changed(setText))} />}
      </Field>
      <Field label="Rules" hint="JSON">
        {(id, note) => <textarea id={id} aria-describedby={note} rows={14} spellCheck={false} value={text} onChange={(e) => changed(setText)(e.target.value)} />}
      </Field>
      <Field label="Metrics" hint="sharpe=1.4 return=0.21 drawdown=0.08">
        {(id, note) => <input id={id} aria-describedby={note} value={metrics} onChange={(e) => changed(setMetrics)(e.target.value)} />}
      </Field>
      {error !== null && <Failure error={error} />}
      {error instanceof ApiError && error.violations.length > 0 && (
        <ul className="problems">
          {error.violations.map((v) => <li key={`${v.field}${v.message}`}><code>{v.field}</code> {v.message}</li>)}
        </ul>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button primary" disabled={busy || name === "" || text === ""} onClick={submit}>{busy ? "Storing…" : "Store"}</button>
      </div>
    </Dialog>
  );
}
