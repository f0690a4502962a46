import { useRef, useState } from "react";
import { actor, post } from "../api/client";
import { kWorking, type EmergencyState } from "../api/types";
import { tripName } from "../lib/awaited";
import * as decimal from "../lib/decimal";
import { engagedIn, isScoped, noteOf, progressOf, scopeWords, statesOf, stopRequest, type Level, type Pressed, type ScopedStop, type StopScope } from "../lib/emergency";
import { trippedBreakers, trippedRules } from "../lib/permission";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useModel, useRisk, useStore } from "../state/store";
import { Awaited, keptForAnother, useAwaited } from "./awaited";
import { Dialog, Failure, Field, ModeBadge, useAction } from "./parts";

export type { Level, StopScope } from "../lib/emergency";

const kThisAccount: StopScope = { kind: "account", id: "" };
const kLevels: readonly { level: Level; title: string; text: string; deployment: string }[] = [
  { level: "K1", title: "Halt", text: "No new orders. Working orders and positions stay as they are.", deployment: "No entries. Its working orders and positions stay as they are, exits go on." },
  { level: "K2", title: "Halt and cancel", text: "No new orders, and every working order is cancelled. Positions stay.", deployment: "No entries, and its working orders are cancelled. Positions stay." },
  { level: "STOP", title: "Emergency stop", text: "Halts, cancels every order, stops all deployments and closes all positions at market.", deployment: "Stops it, cancels its orders and closes its positions at market." },
];

/** The command of this account that nobody has taken back. */
export function useEngaged(): EmergencyState | null {
  const accountId = useStore((s) => s.accountId);
  const states = useModel((m) => m.status?.emergencies);
  return engagedIn(states, accountId);
}

/** What it has done, what is left and why. */
function EmergencyProgress({ state }: { state: EmergencyState }) {
  const progress = progressOf(state);
  return (
    <>
      <ul className="checks" aria-label="Progress">
        {progress.steps.map((step) => <li key={step.label} className={step.done ? "pass" : "wait"}><span>{step.label}</span><span className="number">{step.done ? "done" : step.left}</span></li>)}
      </ul>
      {progress.safe.length > 0 && <ul className="checks" aria-label="Safe already">{progress.safe.map((text) => <li key={text} className="pass"><span>{text}</span></li>)}</ul>}
      {progress.toDo.length > 0 && <ul className="checks" aria-label="Still to do">{progress.toDo.map((text) => <li key={text} className="wait"><span>{text}</span></li>)}</ul>}
    </>
  );
}

/** What is still open in this account, counted from the live state: zero everywhere means flat. */
export function useExposure(): { orders: number; positions: number; deployments: number; value: string } {
  const accountId = useStore((s) => s.accountId);
  const orders = useModel((m) => m.orders);
  const positions = useModel((m) => m.positions);
  const deployments = useModel((m) => m.deployments);
  const mine = Object.values(positions).filter((p) => p.account_id === accountId);
  return {
    orders: Object.values(orders).filter((o) => o.account_id === accountId && kWorking.has(o.status)).length,
    positions: mine.length,
    deployments: Object.values(deployments).filter((d) => d.spec.account_id === accountId && !["DEPLOYMENT_STATUS_STOPPED", "DEPLOYMENT_STATUS_CREATED"].includes(d.status)).length,
    value: decimal.sum(mine.map((p) => decimal.absolute(p.market_value))),
  };
}

export function EmergencyDialog({ initial = "STOP", scope: initialScope = kThisAccount, onClose }: { initial?: Level; scope?: StopScope; onClose: () => void }) {
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const accounts = useStore((s) => s.accounts);
  const accountId = useStore((s) => s.accountId);
  const exposure = useExposure();
  const stale = useStore((s) => s.stale);
  const followed = useEngaged();
  const states = useModel((m) => m.status?.emergencies);
  const allDeployments = useModel((m) => m.deployments);
  const [scope, setScope] = useState<StopScope>(initialScope);
  const [level, setLevel] = useState<Level>(initial);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  // The answer to the press; of accounts from then on what the status tells of that command.
  const [sent, setSent] = useState<Pressed | null>(null);
  const requestId = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const deployments = Object.values(allDeployments).filter((d) => d.spec.account_id === accountId && !["DEPLOYMENT_STATUS_STOPPED", "DEPLOYMENT_STATUS_CREATED"].includes(d.status)).map((d) => d.deployment_id).sort();
  const brokers = [...new Set(accounts.map((a) => a.broker ?? "").filter(Boolean))].sort();
  const confirmed = level !== "STOP" || typed.trim().toUpperCase() === "STOP";
  const title = kLevels.find((l) => l.level === level)!.title;
  const change = (next: Partial<StopScope>) => {
    requestId.current = newKey("web");
    setScope((s) => ({ ...s, ...next }));
  };
  const engage = () =>
    run(async () => {
      const { path, body } = stopRequest(scope, level, accountId, reason.trim() || "asked for on the dashboard");
      setSent(await post<Pressed>(path, body, { "Idempotency-Key": requestId.current }));
      notify("done", `${title} engaged: ${scopeWords(scope, accountId)}`);
      void refreshAccount().catch(() => {});
    });
  const again = () => {
    requestId.current = newKey("web");
    engage();
  };
  return (
    <Dialog title="Emergency stop" tone="danger" onClose={onClose}>
      {!sent ? (
        <>
          <div className="scope-choices" role="radiogroup" aria-label="What is stopped">
            {([["account", `Account ${accountId}`], ["deployment", "A deployment"], ["venue", "A venue"], ["everything", "Everything"]] as const).map(([kind, label]) => (
              <label key={kind} className={`chip ${scope.kind === kind ? "on" : ""}`}><input type="radio" name="stop_scope" checked={scope.kind === kind} disabled={(kind === "deployment" && deployments.length === 0) || (kind === "venue" && brokers.length === 0)} onChange={() => change({ kind, id: kind === "deployment" ? deployments[0]! : kind === "venue" ? brokers[0]! : "" })} />{label}</label>
            ))}
          </div>
          {scope.kind === "deployment" && <Field label="Deployment">{(id) => <select id={id} value={scope.id} onChange={(e) => change({ id: e.target.value })}>{deployments.map((d) => <option key={d}>{d}</option>)}</select>}</Field>}
          {scope.kind === "venue" && <Field label="Venue">{(id) => <select id={id} value={scope.id} onChange={(e) => change({ id: e.target.value })}>{brokers.map((b) => <option key={b}>{b}</option>)}</select>}</Field>}
          {scope.kind === "account" ? (
            <p><ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} /> Account <strong>{accountId}</strong>: {exposure.deployments} running deployments, {exposure.orders} working orders, {exposure.positions} open positions worth <span className="number">{decimal.formatMoney(exposure.value)}</span>.</p>
          ) : scope.kind === "deployment" ? (
            <p>Deployment <strong>{scope.id}</strong> alone: other orders and positions of account {accountId} stay as they are.</p>
          ) : (
            <p>{(() => { const meant = accounts.filter((a) => scope.kind === "everything" || a.broker === scope.id); const live = meant.filter((a) => a.mode === "ACCOUNT_MODE_LIVE").length; return <>{meant.length} account{meant.length === 1 ? "" : "s"}{live > 0 && <>, <strong>{live} with real money</strong></>}: {meant.map((a) => a.account_id).join(", ")}.</>; })()}</p>
          )}
          <div className="choices" role="radiogroup" aria-label="Level">
            {kLevels.map((l) => (
              <label key={l.level} className={`choice ${level === l.level ? "on" : ""}`}>
                <input type="radio" name="level" checked={level === l.level} onChange={() => { requestId.current = newKey("web"); setLevel(l.level); }} />
                <span><strong>{l.title}</strong><small>{scope.kind === "deployment" ? l.deployment : l.text}</small></span>
              </label>
            ))}
          </div>
          <Field label="Reason (optional)">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
          {level === "STOP" && <Field label="Type STOP to confirm">{(id) => <input id={id} name="confirm_stop" value={typed} autoComplete="off" autoCapitalize="characters" onChange={(e) => setTyped(e.target.value)} />}</Field>}
          {error !== null && <Failure error={error} />}
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onClose}>Back</button>
            <button type="button" className="button danger-solid" disabled={!confirmed || busy} onClick={engage}>{busy ? "Engaging…" : scope.kind === "account" ? title : `${title}: ${scopeWords(scope, accountId)}`}</button>
          </div>
        </>
      ) : isScoped(sent) ? (
        <div aria-live="polite" className="stack">
          <ScopedProgress pressed={sent} />
          {error !== null && <Failure error={error} />}
          <div className="dialog-actions">
            {!sent.done && <button type="button" className="button danger" disabled={busy} onClick={again}>{busy ? "Pressing…" : "Press again"}</button>}
            <button type="button" className="button" onClick={onClose}>Close</button>
          </div>
        </div>
      ) : (
        <div aria-live="polite" className="stack">
          {statesOf(sent).map((answered) => {
            const now = states?.find((s) => s.command.command_id === answered.command.command_id) ?? (followed?.command.command_id === answered.command.command_id ? followed : answered);
            // An old stream proves nothing; an answer that it is done does.
            const finished = now.done && (now === answered || !stale);
            return (
              <section key={answered.command.command_id} aria-label={`Account ${answered.command.account_id}`}>
                {scope.kind !== "account" && <h3>Account {answered.command.account_id}</h3>}
                <EmergencyProgress state={now} />
                <p className={finished ? "confirmation" : "tone-warn"}>{finished ? (now.flat ? "Flat. The venue shows no order and no position of this account." : "Done.") : "It goes on by itself until the venue shows it done, whoever is restarted meanwhile. It need not be pressed again."}</p>
              </section>
            );
          })}
          {noteOf(sent) && <p className="tone-warn">{noteOf(sent)}</p>}
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onClose}>Close</button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

/** What was counted when it was answered: orders here and at the venue, and what the book holds. */
function ScopedProgress({ pressed }: { pressed: ScopedStop }) {
  const { proof } = pressed;
  const count = (n: number | null) => (n === null ? "not known" : String(n));
  return (
    <>
      <dl className="facts" data-part="scoped-proof">
        <div><dt>Orders that can still trade</dt><dd className="number">{count(proof.orders_working)}</dd></div>
        <div><dt>Open at the venue</dt><dd className="number">{count(proof.orders_at_venue)}</dd></div>
        {pressed.level === "K3" && <div><dt>Its book holds</dt><dd className="number">{proof.positions === null ? "not known" : proof.positions.length === 0 ? "nothing" : proof.positions.map((p) => `${p.quantity} ${p.symbol}`).join(", ")}</dd></div>}
      </dl>
      {pressed.safe.length > 0 && <ul className="checks" aria-label="Safe already">{pressed.safe.map((text) => <li key={text} className="pass"><span>{text}</span></li>)}</ul>}
      {pressed.to_do.length > 0 && <ul className="checks" aria-label="Still to do">{pressed.to_do.map((text) => <li key={text} className="wait"><span>{text}</span></li>)}</ul>}
      <p className={pressed.done ? "confirmation" : "tone-warn"}>{pressed.done ? "Done, and seen to be so at the venue." : "Not done yet. It is kept and goes on by itself, over restarts too; nobody has to press again."}</p>
    </>
  );
}

/** Takes a halt back and re-arms tripped loss rules: a person does both at once, with a reason. */
export function ResumeDialog({ onClose }: { onClose: () => void }) {
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const accountId = useStore((s) => s.accountId);
  const risk = useRisk();
  const tripped = trippedRules(risk);
  const breakers = trippedBreakers(risk).filter((one) => one.account_id === accountId);
  const [reason, setReason] = useState("");
  const [requestId] = useState(() => newKey("web"));
  const [waits, setWaits] = useState("");
  const { data: awaited, reload } = useAwaited(accountId);
  const { busy, error, run } = useAction();
  const verb = tripped.length > 0 ? "Re-arm" : "Resume";
  const second = (awaited?.decisions ?? []).some((one) => one.kind === "resume" && one.asked_by !== actor());
  return (
    <Dialog title={tripped.length > 0 ? "Re-arm and resume trading" : "Resume trading"} onClose={onClose}>
      <p>
        <ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} /> Account <strong>{accountId}</strong>
        {account?.halted ? ` is halted: ${account.halt_reason || "no reason given"}.` : ":"} New orders will be accepted again.
      </p>
      {tripped.length > 0 && (
        <>
          <ul className="checks">
            {tripped.map((rule) => <li key={rule.name} className="fail"><span>{sentence(rule.name)} tripped</span><span className="number">{rule.loss ? decimal.formatMoney(rule.loss) : "–"} / {rule.limit ? decimal.formatMoney(rule.limit) : "–"}</span></li>)}
          </ul>
          <p>Each rule measures from what is owned now, and can trip again. The reason is kept in the audit.</p>
        </>
      )}
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      <Awaited told={awaited} kinds={["resume", "rearm", "release"]} />
      {awaited?.resume_needs_two && !second && !waits && <p className="muted">For this account two persons have to ask for it: your word is kept for an hour.</p>}
      {waits && <div className="refusal" role="status"><p>{sentence(waits)}</p></div>}
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>{account?.halted ? "Stay halted" : "Stay blocked"}</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={() => run(async () => {
          // What has tripped since it was looked at is not meant.
          const seen = [...tripped.map((rule) => tripName(rule.name, rule.trip_time)), ...breakers.map((one) => tripName(one.rule.name, one.trip_time))];
          const trips = seen.length > 0 ? { trips: seen } : {};
          try {
            await post("/api/live/emergency/resume", { account_id: accountId, reason: reason.trim(), ...trips }, { "Idempotency-Key": requestId });
          } catch (refused) {
            setWaits(keptForAnother(refused));
            reload();
            return;
          }
          await refreshAccount();
          notify("done", `Account ${accountId} accepts orders again`);
          onClose();
        })}>{busy ? "Sending…" : second ? "Confirm as second person" : verb}</button>
      </div>
    </Dialog>
  );
}
