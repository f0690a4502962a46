import { useState } from "react";
import { get, post } from "../api/client";
import type { AuditRecord } from "../api/types";
import { Dialog, Empty, Failure, Moment, Panel, useAction, useFetched } from "../ui/parts";
import { useStore } from "../state/store";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";

interface Verification {
  intact: boolean;
  records: string | number;
  broken_sequence: string | number;
  problem: string;
  head_hash: string;
}

const kColumns: readonly Column<AuditRecord>[] = [
  { key: "sequence", label: "#", end: true, cell: (r) => <span className="number">{String(r.sequence)}</span> },
  { key: "time", label: "Time", cell: (r) => <Moment at={r.time} /> },
  { key: "actor", label: "Who", cell: (r) => r.actor },
  { key: "action", label: "What", cell: (r) => <strong>{r.action}</strong> },
  { key: "account", label: "Account", wideOnly: true, cell: (r) => r.account_id || "–" },
  { key: "subject", label: "To what", wideOnly: true, cell: (r) => <span className="clip">{r.subject}</span> },
  { key: "hash", label: "Hash", wideOnly: true, cell: (r) => <code title={r.hash}>{r.hash.slice(0, 12)}…</code> },
];

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function AuditView() {
  const { query } = useRoute();
  const action = query.get("action") ?? "";
  const accountId = useStore((s) => s.accountId);
  // Log-ins and the like belong to no account: everything is shown unless one is asked for.
  const mine = query.get("of") === "account";
  const [open, setOpen] = useState<AuditRecord | null>(null);
  const [result, setResult] = useState<Verification | null>(null);
  const { busy, error, run } = useAction();
  const list = useFetched(() => get<{ records?: AuditRecord[] }>(`/api/audit?page_size=200${action ? `&action=${encodeURIComponent(action)}` : ""}${mine ? `&account_id=${encodeURIComponent(accountId)}` : ""}`), [action, mine, mine ? accountId : ""], 5000);
  return (
    <>
      <h1 className="visually-hidden">Audit</h1>
      <Panel
        title="Audit"
        meta="append-only, each record carries the hash of the one before"
        live={false}
        actions={
          <>
            <select aria-label="Filter by account" value={mine ? "account" : ""} onChange={(e) => setQuery("of", e.target.value)}>
              <option value="">All accounts</option>
              <option value="account">{accountId} only</option>
            </select>
            <select aria-label="Filter by kind" value={action} onChange={(e) => setQuery("action", e.target.value)}>
              <option value="">All records</option>
              {["order.", "login.", "deployment.", "limits.", "emergency.", "account."].map((a) => <option key={a} value={a}>{a}*</option>)}
            </select>
            <button type="button" className="button small" disabled={busy} onClick={() => run(async () => setResult(await post<Verification>("/api/audit/verify")))}>{busy ? "Verifying…" : "Verify chain"}</button>
          </>
        }
      >
        {error !== null && <Failure error={error} />}
        {result && (
          <div className={result.intact ? "confirmation" : "refusal"} role="status">
            <p>{result.intact ? `Intact: ${result.records} records, every hash recomputed.` : `Broken at record ${result.broken_sequence}: ${result.problem}`}</p>
            <code>head {result.head_hash}</code>
          </div>
        )}
        {list.error !== null && <Failure error={list.error} retry={list.reload} />}
        <Table label="Audit records" columns={kColumns} rows={list.data?.records ?? []} rowKey={(r) => String(r.sequence)} onOpen={setOpen} empty={list.data ? <Empty title="No records of this kind" /> : <Empty title="Reading…" />} />
      </Panel>
      {open && (
        <Dialog title={`Record ${open.sequence}: ${open.action}`} onClose={() => setOpen(null)} wide>
          <dl className="facts ids">
            <div><dt>Time</dt><dd><Moment at={open.time} /></dd></div>
            <div><dt>Who</dt><dd>{open.actor}</dd></div>
            <div><dt>To what</dt><dd><code>{open.subject}</code></dd></div>
            <div><dt>Request</dt><dd><code>{open.request_id || "–"}</code></dd></div>
            <div><dt>Previous hash</dt><dd><code>{open.previous_hash}</code></dd></div>
            <div><dt>Hash</dt><dd><code>{open.hash}</code></dd></div>
          </dl>
          <pre>{pretty(open.detail)}</pre>
        </Dialog>
      )}
    </>
  );
}
