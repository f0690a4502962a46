import { useState } from "react";
import { call, get } from "../api/client";
import { kindOf, statusOf, type Backtest, type RunReport } from "../lib/backtests";
import { kPlanGroups, planDraftOf, planFromReport, planOf, planProblems, type PlanDraft, type PlanField } from "../lib/graduation_plan";
import type { Graduation } from "../lib/stages";
import { notify, useModel } from "../state/store";
import { Failure, Field, useAction, useFetched } from "./parts";

/** What has to hold before the next stage; the backtest's figures may be taken from one on file. */
export function PlanForm({ path, graduation, onDone, onClose }: { path: string; graduation: Graduation; onDone: () => void; onClose: () => void }) {
  const [draft, setDraft] = useState<PlanDraft>(() => planDraftOf(graduation.plan));
  const strategy = useModel((m) => m.deployments[graduation.deployment_id]?.spec.strategy_id ?? "");
  const runs = useFetched(
    async () => ((await get<{ backtests?: Backtest[] }>(`/api/live/backtests?page_size=200&kind=BACKTEST_KIND_RUN&strategy_id=${encodeURIComponent(strategy)}`)).backtests ?? []).filter((b) => statusOf(b) === "SUCCEEDED" && kindOf(b.spec) === "RUN"),
    [strategy],
  );
  const store = useAction();
  const taking = useAction();
  const problems = planProblems(draft);
  const change = (field: PlanField, value: string) => setDraft((before) => ({ ...before, [field]: value }));
  const take = (id: string) =>
    taking.run(async () => {
      const report = await get<RunReport>(`/api/live/backtests/${encodeURIComponent(id)}/report`);
      setDraft((before) => ({ ...before, ...planFromReport(id, report) }));
    });
  const submit = () =>
    store.run(async () => {
      await call("PUT", `${path}/plan`, { plan: planOf(draft) });
      notify("done", `${graduation.deployment_id}: what has to hold is stored`);
      onDone();
    });
  const onFile = runs.data ?? [];
  return (
    <section className="plan-form" aria-label="What has to hold">
      {kPlanGroups.map((group) => (
        <fieldset key={group.title} className="plan-group">
          <legend>{group.title}</legend>
          {group.title === "Against its backtest" && (
            <div className="form-grid">
              <Field label="Figures of" hint={runs.data && onFile.length === 0 ? "this strategy has no finished run on file" : "a run on file fills in what follows"}>
                {(id, note) => (
                  <select id={id} aria-describedby={note} disabled={onFile.length === 0 || taking.busy} value={onFile.some((b) => b.backtest_id === draft.backtest) ? draft.backtest : ""} onChange={(e) => e.target.value && take(e.target.value)}>
                    <option value="">{draft.backtest ? `${draft.backtest} (as stored)` : "typed by hand"}</option>
                    {onFile.map((b) => <option key={b.backtest_id} value={b.backtest_id}>{b.backtest_id}{b.spec.label ? ` · ${b.spec.label}` : ""}{b.figures["return_percent"] ? ` · ${b.figures["return_percent"]} %` : ""}</option>)}
                  </select>
                )}
              </Field>
            </div>
          )}
          <div className="form-grid">
            {group.fields.map((entry) => (
              <Field key={entry.field} label={`${entry.label}${entry.unit ? `, ${entry.unit}` : ""}`} error={problems[entry.field]} hint={entry.hint}>
                {(id, note) => <input id={id} aria-describedby={note} aria-invalid={problems[entry.field] !== undefined} inputMode={entry.whole ? "numeric" : "decimal"} autoComplete="off" placeholder={entry.usual ? `default ${entry.usual}` : "not known"} value={draft[entry.field]} onChange={(e) => change(entry.field, e.target.value.trim())} />}
              </Field>
            ))}
          </div>
        </fieldset>
      ))}
      {taking.error !== null && <Failure error={taking.error} />}
      {store.error !== null && <Failure error={store.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it as it is</button>
        <button type="button" className="button primary" disabled={store.busy || taking.busy || Object.keys(problems).length > 0} onClick={submit}>{store.busy ? "Storing…" : "Store what has to hold"}</button>
      </div>
    </section>
  );
}
