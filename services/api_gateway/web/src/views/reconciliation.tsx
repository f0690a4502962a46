import { useRef, useState } from "react";
import { get, post } from "../api/client";
import type { Reconciliation, ReconciliationBreak, TieOut } from "../api/types";
import { agreementOf, nameOfBreak } from "../lib/reconciliation";
import { ExternalOrders } from "./external_orders";
import { newKey } from "../lib/words";
import { notify, useModel, useStore } from "../state/store";
import { Age, Dialog, Empty, Failure, Field, Panel, useAction, useFetched } from "../ui/parts";
import { Table, type Column } from "../ui/table";

const columns = (acknowledge: (one: ReconciliationBreak) => void): readonly Column<ReconciliationBreak>[] => [
  { key: "what", label: "What", cell: (b) => <><strong>{nameOfBreak(b.type)}</strong>{b.symbol && ` ${b.symbol}`}</> },
  { key: "ours", label: "Here", end: true, cell: (b) => <span className="number">{b.ours || "–"}</span> },
  { key: "venue", label: "Venue", end: true, cell: (b) => <span className="number">{b.venue || "–"}</span> },
  { key: "difference", label: "Difference", end: true, wideOnly: true, cell: (b) => <span className="number" title={b.message}>{b.difference}</span> },
  { key: "age", label: "Since", end: true, wideOnly: true, cell: (b) => <span className={b.aged ? "down" : ""}><Age since={b.first_time} /></span> },
  { key: "state", label: "State", cell: (b) => (b.state === "BREAK_STATE_ACKNOWLEDGED" ? <span className="muted" title={b.acknowledge_reason}>acknowledged by {b.acknowledged_by}</span> : <span className={`state tone-${b.halts ? "bad" : "warn"}`}>{b.halts ? "holds entries back" : "healing"}</span>) },
  { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (b) => b.state === "BREAK_STATE_OPEN" && <button type="button" className="button small" onClick={() => acknowledge(b)}>Acknowledge…<span className="visually-hidden"> break {b.break_id}</span></button> },
];

/** Whether our books, the gateway's journal and the venue agree, since when, and where they do not. */
export function ReconciliationPanel() {
  const accountId = useStore((s) => s.accountId);
  const fillVersion = useModel((m) => m.fillVersion);
  const { data, error, reload } = useFetched(
    async () => (accountId ? await get<Reconciliation>(`/api/live/reconciliation?account_id=${encodeURIComponent(accountId)}`) : null) as Reconciliation,
    [accountId, fillVersion],
    3000,
  );
  const days = useFetched(async () => (accountId ? ((await get<{ tie_outs?: TieOut[] }>(`/api/live/reconciliation/days?account_id=${encodeURIComponent(accountId)}&page_size=1`)).tie_outs ?? []) : []), [accountId], 30_000);
  const tieOuts = days.data ?? [];
  const [chosen, setChosen] = useState<ReconciliationBreak | null>(null);
  const status = data?.accounts?.find((each) => each.account_id === accountId);
  const agreement = agreementOf(status, Date.now());
  return (
    <Panel title="Agreement with the venue" meta="own books, the gateway's journal and the venue's own record, compared three ways" live={false}>
      {error !== null && <Failure error={error} retry={reload} />}
      <p role="status">
        <span className={`state tone-${agreement.tone}`}>{agreement.text}</span>
        {status?.positions_time && <span className="muted"> · compared <Age since={status.positions_time} /> ago · {status.matched_trades} trades agree{Number(status.healed_trades) > 0 && ` · ${status.healed_trades} healed`}{status.pending > 0 && ` · ${status.pending} under way`}</span>}
        {status?.problem && <span className="muted"> · {status.problem}</span>}
      </p>
      {(data?.breaks ?? []).length > 0 && <Table label="Breaks" columns={columns(setChosen)} rows={data?.breaks ?? []} rowKey={(b) => String(b.break_id)} empty={<Empty title="No breaks" />} />}
      <ExternalOrders accountId={accountId ?? ""} status={status} orders={data?.external_orders ?? []} reload={reload} />
      {tieOuts[0] && <LastDay day={tieOuts[0]} />}
      {chosen && <AcknowledgeDialog one={chosen} onClose={() => { setChosen(null); reload(); }} />}
    </Panel>
  );
}

/** The certificate of the newest day that has ended. */
function LastDay({ day }: { day: TieOut }) {
  return (
    <details>
      <summary>
        <span className={`state tone-${day.ties ? "good" : "bad"}`}>{day.day} {day.ties ? "ties" : "does not tie"}</span>
        <span className="muted"> · {day.fills} fills · <span className="number" title={day.hash}>{day.hash.slice(0, 12)}</span></span>
      </summary>
      {(day.differences ?? []).map((line) => <p key={line}><code>{line}</code></p>)}
      <pre>{day.text}</pre>
    </details>
  );
}

function AcknowledgeDialog({ one, onClose }: { one: ReconciliationBreak; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const key = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const acknowledge = () =>
    run(async () => {
      await post(`/api/live/reconciliation/breaks/${one.break_id}/acknowledge`, { request_id: key.current, account_id: one.account_id, reason: reason.trim() });
      notify("done", `Break ${one.break_id} acknowledged`);
      onClose();
    });
  return (
    <Dialog title={`Acknowledge: ${nameOfBreak(one.type)}${one.symbol && ` ${one.symbol}`}`} onClose={onClose}>
      <p>{one.message}.</p>
      <p className="muted">Nothing is booked by this. It does not hold entries back any more; the breaker that it tripped is re-armed on the risk page. It comes back when the difference changes.</p>
      <Field label="Reason" hint="Kept with the break and in the audit chain.">
        {(id, note) => <input id={id} value={reason} maxLength={500} aria-describedby={note} onChange={(event) => setReason(event.target.value)} />}
      </Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button" disabled={busy || reason.trim() === ""} onClick={acknowledge}>{busy ? "Sending…" : "Acknowledge"}</button>
      </div>
    </Dialog>
  );
}
