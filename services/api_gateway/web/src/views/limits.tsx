import { useMemo, useState } from "react";
import { actor, call, get } from "../api/client";
import type { EffectiveLimit, LimitChange, LimitSet, LimitsVersion } from "../api/types";
import * as decimal from "../lib/decimal";
import { kLimitFields, limitField, limitText } from "../lib/limit_fields";
import { countdown, isOverride, levelOf, limitRows, scopeName, scopeWords, usedText, versionsOf, type LimitRow } from "../lib/limit_rows";
import { millis } from "../lib/time";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useModel, useRisk, useStore } from "../state/store";
import { Dialog, Empty, Failure, Field, Moment, Panel, useAction, useFetched, useNow } from "../ui/parts";
import { LimitDialog } from "./limit_dialog";

const kRefreshMs = 10_000;

/** Everything about limits that is not in the stream. */
function useLimits(accountId: string, deploymentId: string, symbol: string, version: unknown) {
  return useFetched(
    async () => {
      if (!accountId) return null;
      const query = new URLSearchParams({ account_id: accountId, symbol, deployment_id: deploymentId });
      const [effective, sets, changes] = await Promise.all([
        get<{ limits?: EffectiveLimit[] }>(`/api/live/risk/limits/effective?${query}`),
        get<{ limits?: LimitSet[] }>("/api/live/risk/limits/scopes"),
        get<{ changes?: LimitChange[] }>("/api/live/risk/limits/changes?pending_only=true"),
      ]);
      return { accountId, effective: effective.limits ?? [], sets: sets.limits ?? [], changes: changes.changes ?? [] };
    },
    [accountId, deploymentId, symbol, version],
    kRefreshMs,
  );
}

/** How much of a limit is used, with marks where the warnings are. The figure stands beside it. */
function UseBar({ row }: { row: LimitRow }) {
  if (row.percent === null) return <span className="muted">–</span>;
  const level = levelOf(row.percent);
  const width = Math.max(0, Math.min(100, Number(row.percent)));
  return (
    <span className="use">
      <span className={`use-bar level-${level}`} role="meter" aria-label={`${row.field.label}: used`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(width)} aria-valuetext={`${row.percent} per cent of the limit`}>
        <span className="use-fill" style={{ width: `${width}%` }} />
        <i style={{ left: "50%" }} /><i style={{ left: "75%" }} /><i style={{ left: "90%" }} />
      </span>
      <span className={`number use-percent ${level >= 90 ? "down strong" : level >= 75 ? "tone-warn" : ""}`}>{level >= 100 && "▲ "}{decimal.format(row.percent)}%</span>
    </span>
  );
}

function Countdown({ until }: { until: string }) {
  const now = useNow();
  const left = countdown(millis(until), now);
  return <span className="number tone-warn" title={until}>{left === "over" ? "over" : `ends in ${left}`}</span>;
}

function Row({ row, onEdit, onHistory }: { row: LimitRow; onEdit: () => void; onHistory: () => void }) {
  const level = levelOf(row.percent);
  return (
    <tr data-limit={row.field.name} className={`${level >= 90 ? "is-near" : ""} ${row.percent === null ? "no-use" : ""}`.trim() || undefined}>
      <th scope="row" className="limit-name">
        <button type="button" className="link" title="Its history" onClick={onHistory}>{row.field.label}</button>
      </th>
      <td className="end number limit-value">{limitText(row.field, row.value)}</td>
      <td className="limit-from">
        <span className={`scope ${isOverride(row.scope) ? "scope-override" : row.scope.startsWith("account ") ? "scope-own" : ""}`}>{scopeWords(row.scope)}</span>
        {row.expireTime && <small> override, <Countdown until={row.expireTime} /></small>}
      </td>
      <td className="end number limit-used">{usedText(row)}</td>
      <td className="limit-bar"><UseBar row={row} /></td>
      <td className="end limit-actions"><button type="button" className="button small" aria-label={`Change ${row.field.label}`} onClick={onEdit}>Change…</button></td>
    </tr>
  );
}

export function LimitsPanel() {
  const risk = useRisk();
  const accountId = useStore((s) => s.accountId);
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const instruments = useModel((m) => m.instruments);
  const allPositions = useModel((m) => m.positions);
  const allDeployments = useModel((m) => m.deployments);
  const [deploymentId, setDeploymentId] = useState("");
  const [symbol, setSymbol] = useState("");
  const [editing, setEditing] = useState<LimitRow | null>(null);
  const [history, setHistory] = useState<string | null>(null);
  const version = risk?.limits?.version ?? "";
  const { data, error, reload } = useLimits(accountId, deploymentId, symbol, version);
  const told = data?.accountId === accountId ? data : null;
  const positions = useMemo(() => Object.values(allPositions).filter((p) => p.account_id === accountId), [allPositions, accountId]);
  const deployments = Object.values(allDeployments).filter((d) => d.spec.account_id === accountId).sort((a, b) => a.deployment_id.localeCompare(b.deployment_id));
  const rows = useMemo(() => limitRows(told?.effective ?? [], risk, positions, deploymentId, symbol), [told, risk, positions, deploymentId, symbol]);
  const groups = [...new Set(rows.map((r) => r.field.group))];
  const overrides = (told?.sets ?? []).filter((s) => s.expire_time && (!s.scope.account_id || s.scope.account_id === accountId));
  const done = () => {
    reload();
    void refreshAccount().catch(() => {});
  };
  return (
    <Panel
      title="Limits"
      live={false}
      className="limits-panel"
      meta={risk?.limits ? `version ${risk.limits.version} · the tightest of firm, account, deployment and instrument holds` : undefined}
      actions={
        <>
          <select aria-label="Limits for deployment" value={deploymentId} onChange={(e) => setDeploymentId(e.target.value)}>
            <option value="">orders by hand</option>
            {deployments.map((d) => <option key={d.deployment_id} value={d.deployment_id}>{d.spec.display_name || d.deployment_id}</option>)}
          </select>
          <select aria-label="Limits for symbol" value={symbol} onChange={(e) => setSymbol(e.target.value)}>
            <option value="">any instrument</option>
            {Object.keys(instruments).sort().map((s) => <option key={s}>{s}</option>)}
          </select>
          <button type="button" className="button small" onClick={() => setHistory("")}>History</button>
        </>
      }
    >
      <PendingChanges changes={told?.changes ?? []} onDone={done} />
      <Overrides overrides={overrides} onDone={done} />
      {error !== null && <Failure error={error} retry={reload} />}
      {rows.length === 0 && error === null && <Empty title={told ? "Risk knows no limits of this account yet" : "Reading the limits…"}>{told ? "They are there as soon as the account's first event has reached risk." : undefined}</Empty>}
      {rows.length > 0 && (
        <div className="table-scroll" role="group" aria-label="Limits in force" tabIndex={0}>
          <table className="limits">
            <thead><tr><th scope="col">Limit</th><th scope="col" className="end">In force</th><th scope="col">From</th><th scope="col" className="end">Used</th><th scope="col">of it</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
            {groups.map((group) => (
              <tbody key={group}>
                <tr className="limit-group"><th scope="rowgroup" colSpan={6}>{group}</th></tr>
                {rows.filter((r) => r.field.group === group).map((r) => <Row key={r.field.name} row={r} onEdit={() => setEditing(r)} onHistory={() => setHistory(r.field.name)} />)}
              </tbody>
            ))}
          </table>
        </div>
      )}
      <p className="muted limits-note">Used is measured where something is held or open between orders; the others are about one order. Marks: 50, 75 and 90 % of the limit.</p>
      {editing && risk?.limits && told && (
        <LimitDialog row={editing} own={risk.limits} sets={told.sets} live={account?.mode === "ACCOUNT_MODE_LIVE"} deployments={deployments.map((d) => d.deployment_id)} deploymentId={deploymentId} symbols={Object.keys(instruments).sort()} symbol={symbol} onClose={() => setEditing(null)} onDone={() => { setEditing(null); done(); }} />
      )}
      {history !== null && <HistoryDrawer accountId={accountId} name={history} onClose={() => setHistory(null)} />}
    </Panel>
  );
}

/** Raised limits that wait for a second person. */
function PendingChanges({ changes, onDone }: { changes: readonly LimitChange[]; onDone: () => void }) {
  const [deciding, setDeciding] = useState<LimitChange | null>(null);
  return (
    <>
      {changes.length > 0 && (
        <ul className="waiting" aria-label="Changes that wait for a second person">
          {changes.map((change) => (
            <li key={change.change_id} data-change={change.change_id}>
              <span><strong>Waits for a second person</strong> · {whoseChange(change)}: {raisesText(change)}<br /><span className="muted">{change.proposed_by}, <Moment at={change.propose_time} />: {change.reason}</span></span>
              <button type="button" className="button small" onClick={() => setDeciding(change)}>Decide…</button>
            </li>
          ))}
        </ul>
      )}
      {deciding && <DecideDialog change={deciding} onClose={() => setDeciding(null)} onDone={() => { setDeciding(null); onDone(); }} />}
    </>
  );
}

const whoseChange = (change: LimitChange): string => (change.limit_set ? scopeName(change.limit_set.scope, true) : `account ${change.limits?.account_id ?? ""}`);

/** "max_position_ratio 0.02 -> 0.05" in words and units. */
function raiseText(raise: string): string {
  const [name = "", rest = ""] = raise.split(/ (.*)/s);
  const field = limitField(name);
  const [from, to] = rest.split(" -> ");
  if (!field || from === undefined || to === undefined) return sentence(raise);
  const show = (text: string) => (/^-?\d/.test(text) ? limitText(field, text) : text);
  return `${field.label} ${show(from)} → ${show(to)}`;
}
const raisesText = (change: LimitChange): string => (change.raises ?? []).map(raiseText).join("; ");

function DecideDialog({ change, onClose, onDone }: { change: LimitChange; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const mine = change.proposed_by === actor();
  const decide = (approve: boolean) =>
    run(async () => {
      await call("POST", "/api/live/risk/limits/changes", { request_id: newKey("web"), change_id: change.change_id, approve, reason: reason.trim() });
      notify("done", approve ? "Approved: it holds at once" : mine ? "Taken back" : "Refused");
      onDone();
    });
  return (
    <Dialog title="A limit is to be raised" onClose={onClose}>
      <dl className="facts">
        <div><dt>Of</dt><dd>{whoseChange(change)}</dd></div>
        {(change.raises ?? []).map((raise) => <div key={raise}><dt>Looser</dt><dd className="number">{raiseText(raise)}</dd></div>)}
        {change.limit_set?.expire_time && <div><dt>Until</dt><dd><Moment at={change.limit_set.expire_time} /></dd></div>}
        <div><dt>Asked for by</dt><dd>{change.proposed_by}, <Moment at={change.propose_time} /></dd></div>
        <div><dt>Reason</dt><dd>{change.reason}</dd></div>
      </dl>
      {mine && <p className="muted">You are signed in as {actor()}, who asked for it: another person has to approve it. You can take it back.</p>}
      <Field label="Your reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" disabled={busy || reason.trim() === ""} onClick={() => decide(false)}>{mine ? "Take back" : "Refuse"}</button>
        <button type="button" className="button primary" disabled={busy || mine || reason.trim() === ""} onClick={() => decide(true)}>Approve</button>
      </div>
    </Dialog>
  );
}

/** Overrides that hold now, with their end and a way back. */
function Overrides({ overrides, onDone }: { overrides: readonly LimitSet[]; onDone: () => void }) {
  const [revoking, setRevoking] = useState<LimitSet | null>(null);
  if (overrides.length === 0) return null;
  return (
    <>
      <ul className="waiting overrides" aria-label="Overrides in force">
        {overrides.map((set) => (
          <li key={`${scopeName(set.scope, true)}|${set.version}`}>
            <span><strong>Override</strong> · {scopeName(set.scope)}: {(set.values ?? []).map((v) => `${limitField(v.name)?.label ?? v.name} ${limitField(v.name) ? limitText(limitField(v.name)!, v.value) : v.value}`).join("; ")} · <Countdown until={set.expire_time ?? ""} /><br /><span className="muted">{set.updated_by}: {set.reason}</span></span>
            <button type="button" className="button small" onClick={() => setRevoking(set)}>Revoke…</button>
          </li>
        ))}
      </ul>
      {revoking && <RevokeDialog set={revoking} onClose={() => setRevoking(null)} onDone={() => { setRevoking(null); onDone(); }} />}
    </>
  );
}

function RevokeDialog({ set, onClose, onDone }: { set: LimitSet; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  return (
    <Dialog title="Revoke the override" onClose={onClose}>
      <p>What {scopeName(set.scope)} says without it holds at once{set.expire_time && <>, instead of at <Moment at={set.expire_time} /></>}. Where the override was the tighter one, that raises a limit: for real money a second person has to approve it.</p>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={() => run(async () => {
          const answer = await call<{ pending?: LimitChange | null }>("PUT", "/api/live/risk/limits/scopes", { request_id: newKey("web"), scope: set.scope, values: [], version: set.version, expire_time: set.expire_time, reason: reason.trim() });
          notify("done", answer.pending ? "It raises a limit: a second person has to approve it" : "The override is over");
          onDone();
        })}>{busy ? "Sending…" : "Revoke"}</button>
      </div>
    </Dialog>
  );
}

/** Every version there was, who made it and why. */
function HistoryDrawer({ accountId, name, onClose }: { accountId: string; name: string; onClose: () => void }) {
  const [only, setOnly] = useState(name);
  const { data, error, reload } = useFetched(
    async () => {
      const [own, sets, changes] = await Promise.all([
        get<{ versions?: LimitsVersion[] }>(`/api/live/risk/limits/history?account_id=${encodeURIComponent(accountId)}&page_size=500`),
        get<{ limits?: LimitSet[] }>("/api/live/risk/limits/scopes?history=true"),
        get<{ changes?: LimitChange[] }>("/api/live/risk/limits/changes"),
      ]);
      return { own: own.versions ?? [], sets: sets.limits ?? [], refused: (changes.changes ?? []).filter((c) => c.state === "LIMIT_CHANGE_STATE_REJECTED") };
    },
    [accountId],
  );
  const versions = data ? versionsOf(accountId, data.own, data.sets, only) : [];
  return (
    <Dialog title="History of limits" onClose={onClose} drawer>
      <Field label="Limit">{(id) => <select id={id} value={only} onChange={(e) => setOnly(e.target.value)}><option value="">all of them</option>{kLimitFields.map((f) => <option key={f.name} value={f.name}>{f.label}</option>)}</select>}</Field>
      {error !== null && <Failure error={error} retry={reload} />}
      {!data && error === null && <p className="loading" role="status">Reading…</p>}
      {data && versions.length === 0 && <Empty title="It has never been changed">What holds is what the product starts with.</Empty>}
      <ol className="versions">
        {versions.slice(0, 200).map((v) => (
          <li key={v.key}>
            <div className="row spread-row"><strong>{v.scope} · version {v.version}</strong><span className="muted"><Moment at={v.time} /></span></div>
            {v.changes.length > 0 ? <ul>{v.changes.map((c) => { const f = limitField(c.name)!; return <li key={c.name}>{f.label} <span className="number">{limitText(f, c.from)} → <strong>{limitText(f, c.to)}</strong></span></li>; })}</ul> : <p className="muted">{v.first ? <>The oldest that is kept{only && v.first[only] !== undefined && <>: {limitField(only)!.label} <strong className="number">{limitText(limitField(only)!, v.first[only]!)}</strong></>}</> : "It takes back everything it said, or changes nothing that is listed here"}</p>}
            {v.expireTime && <p className="muted">until <Moment at={v.expireTime} /></p>}
            <p className="muted">{v.who || "the product"}{v.reason && <>: {v.reason}</>}</p>
          </li>
        ))}
      </ol>
      {data && data.refused.length > 0 && !only && (
        <details><summary>{data.refused.length} refused or taken back</summary>
          <ol className="versions">{data.refused.slice(0, 100).map((c) => <li key={c.change_id}><div className="row spread-row"><strong>{whoseChange(c)}</strong><span className="muted"><Moment at={c.decide_time} /></span></div><p>{raisesText(c)}</p><p className="muted">{c.proposed_by}: {c.reason} · {c.decided_by}: {c.decision_reason}</p></li>)}</ol>
        </details>
      )}
    </Dialog>
  );
}
