import { useState } from "react";
import { get, post } from "../api/client";
import { gateDetail, gateWords, lowerStages, nextStage, stageMeaning, stageName, type Gate, type Graduation } from "../lib/stages";
import { sentence } from "../lib/words";
import { notify, useStore } from "../state/store";
import { Dialog, Empty, Failure, Field, Moment, Panel, percent, useAction, useFetched } from "../ui/parts";
import { PlanForm } from "../ui/plan_form";
import { Table, type Column } from "../ui/table";

const kPath = "/api/live/graduations";
const kColumns: readonly Column<Graduation>[] = [
  { key: "id", label: "Deployment", cell: (g) => <strong>{g.deployment_id}</strong> },
  { key: "stage", label: "Stage", cell: (g) => <span className={`badge ${g.stage === "STAGE_LIVE" ? "badge-live" : ""}`}>{stageName(g.stage)}</span> },
  { key: "meaning", label: "What it does", wideOnly: true, cell: (g) => stageMeaning(g.stage, g.plan.canary_ratio) },
  { key: "trades", label: "Trades", end: true, cell: (g) => <span className="number">{g.evidence?.trades ?? 0}</span> },
  { key: "days", label: "Days", end: true, wideOnly: true, cell: (g) => <span className="number">{g.evidence?.days ?? 0}</span> },
  { key: "drawdown", label: "Draw-down", end: true, wideOnly: true, cell: (g) => <span className="number">{percent(-(g.evidence?.drawdown_ratio ?? 0), false)}</span> },
  { key: "gates", label: "Gates", cell: (g) => <span className={`state tone-${g.ready ? "good" : "quiet"}`}>{g.ready ? `Ready for ${stageName(nextStage(g.stage) ?? "")}` : gateWords(g.gates)}</span> },
];

/** From simulated to real money, stage by stage: what each deployment has shown, what is missing, and a person's word. */
export function StagesView() {
  const accountId = useStore((s) => s.accountId);
  const list = useFetched(() => get<{ graduations?: Graduation[] }>(`${kPath}?account_id=${encodeURIComponent(accountId)}`), [accountId], 5000);
  const [open, setOpen] = useState("");
  return (
    <>
      <h1 className="visually-hidden">Stages</h1>
      <Panel title="Stages" meta="paper, shadow, canary, live: up by a person when every gate holds, back by itself" live={false}>
        {list.error !== null && <Failure error={list.error} retry={list.reload} />}
        <Table label="Stages of deployments" columns={kColumns} rows={list.data?.graduations ?? []} rowKey={(g) => g.deployment_id} onOpen={(g) => setOpen(g.deployment_id)} empty={list.data ? <Empty title="Nothing is deployed">A deployment begins in the paper stage.</Empty> : <Empty title="Reading…" />} />
      </Panel>
      {open && <StageDialog id={open} onClose={() => setOpen("")} onDone={list.reload} />}
    </>
  );
}

function GateList({ gates }: { gates: readonly Gate[] }) {
  return (
    <ul className="gates">
      {gates.map((g) => (
        <li key={g.name}>
          <span className={`state tone-${g.passed ? "good" : "warn"}`}>{g.passed ? "holds" : "missing"}</span>
          <span>
            <strong>{sentence(g.name)}</strong> <span className="number">{g.observed || "–"}</span>{g.required && <span className="muted"> · required {g.required}</span>}
            {g.detail && <small className="muted">{gateDetail(g)}</small>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function StageDialog({ id, onClose, onDone }: { id: string; onClose: () => void; onDone: () => void }) {
  const path = `${kPath}/${encodeURIComponent(id)}`;
  const { data, error, reload } = useFetched(() => get<{ graduation: Graduation }>(path), [id], 5000);
  const [reason, setReason] = useState("");
  const [to, setTo] = useState("");
  const [planning, setPlanning] = useState(false);
  const action = useAction();
  const graduation = data?.graduation;
  const next = graduation ? nextStage(graduation.stage) : null;
  const lower = graduation ? lowerStages(graduation.stage) : [];
  const move = (up: boolean) =>
    action.run(async () => {
      await post(`${path}/${up ? "promote" : "demote"}`, up ? { from: graduation!.stage, reason } : { to: to || lower[lower.length - 1], reason });
      notify("done", `${id}: ${up ? stageName(next!) : stageName(to || lower[lower.length - 1]!)}`);
      setReason("");
      reload();
      onDone();
    });
  return (
    <Dialog title={id} onClose={onClose} wide>
      {error !== null && <Failure error={error} />}
      {graduation && (
        <>
          <p><span className="badge">{stageName(graduation.stage)}</span> {stageMeaning(graduation.stage, graduation.plan.canary_ratio)}, since <Moment at={graduation.since_time} /></p>
          {next && <h3>For {stageName(next)}</h3>}
          <GateList gates={graduation.gates ?? []} />
          <Field label="Reason">{(fieldId) => <input id={fieldId} value={reason} onChange={(e) => setReason(e.target.value)} />}</Field>
          {action.error !== null && <Failure error={action.error} />}
          <div className="dialog-actions">
            <button type="button" className="button" aria-expanded={planning} onClick={() => setPlanning(!planning)}>What has to hold…</button>
            {lower.length > 1 && (
              <select aria-label="Lower stage" value={to} onChange={(e) => setTo(e.target.value)}>
                {[...lower].reverse().map((s) => <option key={s} value={s}>{stageName(s)}</option>)}
              </select>
            )}
            {lower.length > 0 && <button type="button" className="button danger" disabled={action.busy || reason === ""} onClick={() => move(false)}>Back to {stageName(to || lower[lower.length - 1]!)}</button>}
            {next && <button type="button" className="button primary" disabled={action.busy || reason === "" || !graduation.ready} title={graduation.ready ? "" : gateWords(graduation.gates)} onClick={() => move(true)}>Confirm {stageName(next)}</button>}
          </div>
          {planning && <PlanForm path={path} graduation={graduation} onClose={() => setPlanning(false)} onDone={() => { setPlanning(false); reload(); onDone(); }} />}
          {(graduation.changes ?? []).length > 0 && (
            <>
              <h3>Changes</h3>
              <ul className="problems">
                {graduation.changes!.map((c) => <li key={String(c.number)}><Moment at={c.time} /> {stageName(c.from)} to {stageName(c.to)}, {c.actor}: {c.reason}</li>)}
              </ul>
            </>
          )}
        </>
      )}
    </Dialog>
  );
}
