import { useState } from "react";
import { get, post } from "../api/client";
import type { Deployment, Strategy } from "../api/types";
import { draftOf, draftProblems, specOf, type DeploymentDraft } from "../lib/deployment_draft";
import { notify, showDeployment, useModel, useStore } from "../state/store";
import { DeploymentFields } from "./deployment_fields";
import { Dialog, Failure, Field, useAction, useFetched } from "./parts";

/** Changes the settings of a deployment, also while it runs: it looks at the past anew and goes on with what it holds. */
export function SettingsDialog({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const { spec } = deployment;
  const instruments = useModel((m) => m.instruments);
  const equity = useStore((s) => s.model.summaries[spec.account_id]?.equity);
  const { data, error: loadError, reload } = useFetched(() => get<{ strategies?: Strategy[] }>("/api/trading/strategies"), []);
  const [draft, setDraft] = useState<DeploymentDraft>(() => draftOf(spec));
  // What was looked at: changed meanwhile by somebody else, it is refused.
  const [revision] = useState(deployment.revision ?? "0");
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const strategies = data?.strategies ?? [];
  const strategy = strategies.find((s) => s.strategy_id === draft.strategyId);
  const name = spec.display_name || deployment.deployment_id;
  const store = () =>
    run(async () => {
      const answer = await post<{ deployment?: Deployment }>(`/api/trading/update/${encodeURIComponent(deployment.deployment_id)}`, { spec: specOf(draft, strategy!, spec.account_id), revision, reason });
      if (answer.deployment) showDeployment(answer.deployment);
      notify("done", `${name}: settings changed`);
      onClose();
    });
  return (
    <Dialog title={`Settings of ${name}`} onClose={onClose} wide>
      {loadError !== null && <Failure error={loadError} retry={reload} />}
      <DeploymentFields draft={draft} onChange={(part) => setDraft((before) => ({ ...before, ...part }))} strategies={strategies} symbols={[...new Set([...Object.keys(instruments), ...draft.symbols])].sort()} equity={equity} />
      <Field label="Reason" hint="kept with the change">{(id, note) => <input id={id} aria-describedby={note} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      <p className="muted">An entry that waits is not made any more, and its own loss limits begin anew. Symbols can be changed only when it is stopped and holds nothing.</p>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave them</button>
        <button type="button" className="button primary" disabled={!strategy || busy || Object.keys(draftProblems(draft)).length > 0} onClick={store}>{busy ? "Changing…" : "Change settings"}</button>
      </div>
    </Dialog>
  );
}
