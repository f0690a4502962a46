import { useRef, useState } from "react";
import { post } from "../api/client";
import { kWorking, type EmergencyState } from "../api/types";
import * as decimal from "../lib/decimal";
import { engagedIn, progressOf } from "../lib/emergency";
import { trippedRules } from "../lib/permission";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useModel, useRisk, useStore } from "../state/store";
import { Dialog, Failure, Field, ModeBadge, useAction } from "./parts";

export type Level = "K1" | "K2" | "STOP";

const kLevels: readonly { level: Level; title: string; text: string }[] = [
  { level: "K1", title: "Halt", text: "No new orders in this account. Working orders and positions stay as they are." },
  { level: "K2", title: "Halt and cancel", text: "No new orders, and every working order is cancelled. Positions stay." },
  { level: "STOP", title: "Emergency stop", text: "Halts, cancels every order, stops all deployments and closes all positions at market." },
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

export function EmergencyDialog({ initial = "STOP", onClose }: { initial?: Level; onClose: () => void }) {
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const accountId = useStore((s) => s.accountId);
  const exposure = useExposure();
  const stale = useStore((s) => s.stale);
  const followed = useEngaged();
  const [level, setLevel] = useState<Level>(initial);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  // The answer to the press; from then on what the status tells of that command.
  const [sent, setSent] = useState<EmergencyState | null>(null);
  const requestId = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const confirmed = level !== "STOP" || typed.trim().toUpperCase() === "STOP";
  const engage = () =>
    run(async () => {
      const why = reason.trim() || "asked for on the dashboard";
      const key = { "Idempotency-Key": requestId.current };
      const answer = level === "STOP"
        ? await post<EmergencyState>("/api/trading/emergency-stop", { account_id: accountId, reason: why, close_positions: true }, key)
        : await post<EmergencyState>("/api/live/emergency", { level, account_id: accountId, reason: why }, key);
      setSent(answer);
      notify("done", `${kLevels.find((l) => l.level === level)!.title} engaged`);
      void refreshAccount().catch(() => {});
    });
  const state = sent && followed?.command.command_id === sent.command.command_id ? followed : sent;
  // An old stream proves nothing; an answer that it is done does.
  const finished = state !== null && state.done && (state === sent || !stale);
  return (
    <Dialog title="Emergency stop" tone="danger" onClose={onClose}>
      <p>
        <ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} /> Account <strong>{accountId}</strong>: {exposure.deployments} running deployments, {exposure.orders} working orders, {exposure.positions} open positions worth <span className="number">{decimal.formatMoney(exposure.value)}</span>.
      </p>
      {!state ? (
        <>
          <div className="choices" role="radiogroup" aria-label="Level">
            {kLevels.map((l) => (
              <label key={l.level} className={`choice ${level === l.level ? "on" : ""}`}>
                <input type="radio" name="level" checked={level === l.level} onChange={() => { requestId.current = newKey("web"); setLevel(l.level); }} />
                <span><strong>{l.title}</strong><small>{l.text}</small></span>
              </label>
            ))}
          </div>
          <Field label="Reason (optional)">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
          {level === "STOP" && <Field label="Type STOP to confirm">{(id) => <input id={id} name="confirm_stop" value={typed} autoComplete="off" autoCapitalize="characters" onChange={(e) => setTyped(e.target.value)} />}</Field>}
          {error !== null && <Failure error={error} />}
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onClose}>Back</button>
            <button type="button" className="button danger-solid" disabled={!confirmed || busy} onClick={engage}>{busy ? "Engaging…" : kLevels.find((l) => l.level === level)!.title}</button>
          </div>
        </>
      ) : (
        <div aria-live="polite">
          <EmergencyProgress state={state} />
          <p className={finished ? "confirmation" : "tone-warn"}>{finished ? (state.flat ? "Flat. The venue shows no order and no position of this account." : "Done.") : "It goes on by itself until the venue shows it done, whoever is restarted meanwhile. It need not be pressed again."}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onClose}>Close</button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

/** Takes a halt back and re-arms tripped loss rules: a person does both at once, with a reason. */
export function ResumeDialog({ onClose }: { onClose: () => void }) {
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const accountId = useStore((s) => s.accountId);
  const tripped = trippedRules(useRisk());
  const [reason, setReason] = useState("");
  const [requestId] = useState(() => newKey("web"));
  const { busy, error, run } = useAction();
  const verb = tripped.length > 0 ? "Re-arm" : "Resume";
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
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>{account?.halted ? "Stay halted" : "Stay blocked"}</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={() => run(async () => {
          await post("/api/live/emergency/resume", { account_id: accountId, reason: reason.trim() }, { "Idempotency-Key": requestId });
          await refreshAccount();
          notify("done", `Account ${accountId} accepts orders again`);
          onClose();
        })}>{busy ? "Sending…" : verb}</button>
      </div>
    </Dialog>
  );
}
