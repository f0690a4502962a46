import { useState } from "react";
import { get, post } from "../api/client";
import type { Deployment, Prerequisite, Strategy } from "../api/types";
import { concerns } from "../lib/concerns";
import { draftProblems, kFreshDraft, specOf, type DeploymentDraft } from "../lib/deployment_draft";
import { newKey, sentence } from "../lib/words";
import { notify, refreshRisk, showDeployment, useModel, useStore } from "../state/store";
import { DeploymentFields } from "./deployment_fields";
import { Dialog, Failure, Field, useAction, useFetched } from "./parts";

/** `initial`: what a backtest was of, for example. */
export function DeployDialog({ onClose, strategy: wanted = "", initial }: { onClose: () => void; strategy?: string; initial?: DeploymentDraft }) {
  const accounts = useStore((s) => s.accounts);
  const initialAccount = useStore((s) => s.accountId);
  const [accountId, setAccountId] = useState(initialAccount);
  const instruments = useModel((m) => m.instruments);
  const equity = useStore((s) => s.model.summaries[accountId]?.equity);
  const { data, error: loadError, reload } = useFetched(() => get<{ strategies?: Strategy[] }>("/api/trading/strategies"), []);
  const strategies = data?.strategies ?? [];
  const [draft, setDraft] = useState<DeploymentDraft>(initial ?? { ...kFreshDraft, strategyId: wanted, timeframe: "5s" });
  const [checked, setChecked] = useState<{ passed: boolean; prerequisites: Prerequisite[]; concerns: string[]; key: string } | null>(null);
  const { busy, error, run } = useAction();
  const strategy = strategies.find((s) => s.strategy_id === draft.strategyId) ?? strategies[0];
  const account = accounts.find((a) => a.account_id === accountId);
  const live = account?.mode === "ACCOUNT_MODE_LIVE";
  const complete = !!strategy && Object.keys(draftProblems(draft)).length === 0;
  const spec = () => specOf(draft, strategy!, accountId);
  const change = (part: Partial<DeploymentDraft>) => {
    setChecked(null);
    setDraft((before) => ({ ...before, ...part }));
  };
  const check = () =>
    run(async () => {
      const answer = await post<{ passed: boolean; prerequisites?: Prerequisite[] }>("/api/trading/check", { spec: spec() });
      const risk = await refreshRisk(accountId).catch(() => null);
      setChecked({ passed: answer.passed, prerequisites: answer.prerequisites ?? [], concerns: concerns(account, risk, Number(draft.maximum)), key: newKey("web") });
    });
  const deploy = () =>
    run(async () => {
      if (!checked) return;
      const answer = await post<{ deployment: Deployment; prerequisites?: Prerequisite[] }>("/api/trading/deploy", { request_id: checked.key, spec: spec(), start: true }, { "Idempotency-Key": checked.key });
      if (answer.deployment) showDeployment(answer.deployment);
      notify("done", `${String(spec()["display_name"])} deployed`);
      onClose();
    });
  // A symbol of a backtest that this market does not have is shown, and refused by the check.
  const symbols = [...new Set([...Object.keys(instruments), ...draft.symbols])].sort();
  return (
    <Dialog title="Deploy a strategy" onClose={onClose} wide>
      {loadError !== null && <Failure error={loadError} retry={reload} />}
      <Field label="Account" hint={live ? "Real money." : "The account sets the mode."}>
        {(id, note) => (
          <select id={id} aria-describedby={note} value={accountId} onChange={(e) => { setChecked(null); setAccountId(e.target.value); }}>
            {accounts.map((a) => <option key={a.account_id} value={a.account_id}>{a.account_id} · {a.mode.replace("ACCOUNT_MODE_", "")}</option>)}
          </select>
        )}
      </Field>
      <DeploymentFields draft={draft} onChange={change} strategies={strategies} symbols={symbols} equity={equity} />
      {checked && (
        <ul className="checks" aria-live="polite">
          {checked.prerequisites.map((p) => (
            <li key={p.name} className={p.passed ? (p.name === "backtest" && p.detail.startsWith("none") ? "warn" : "pass") : "fail"}><span>{sentence(p.name)}</span><span className="muted">{p.detail}</span></li>
          ))}
          {checked.concerns.map((text) => <li key={text} className="warn"><span>Would not trade now</span><span className="tone-warn">{text}</span></li>)}
        </ul>
      )}
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Not now</button>
        {!checked?.passed ? (
          <button type="button" className="button primary" disabled={!complete || busy} onClick={check}>{busy ? "Checking…" : checked ? "Check again" : "Check prerequisites"}</button>
        ) : (
          <button type="button" className="button primary" disabled={busy} onClick={deploy}>{busy ? "Deploying…" : `Deploy ${live ? "LIVE" : "PAPER"}${checked.concerns.length > 0 ? " all the same" : ""}`}</button>
        )}
      </div>
    </Dialog>
  );
}
