import { useRef, useState } from "react";
import { post } from "../api/client";
import { kWorking } from "../api/types";
import * as decimal from "../lib/decimal";
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
  const [level, setLevel] = useState<Level>(initial);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [sent, setSent] = useState(false);
  const requestId = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const confirmed = level !== "STOP" || typed.trim().toUpperCase() === "STOP";
  const engage = () =>
    run(async () => {
      const why = reason.trim() || "asked for on the dashboard";
      const key = { "Idempotency-Key": requestId.current };
      if (level === "STOP") await post("/api/trading/emergency-stop", { account_id: accountId, reason: why, close_positions: true }, key);
      else await post("/api/live/emergency", { level, account_id: accountId, reason: why }, key);
      setSent(true);
      notify("done", `${kLevels.find((l) => l.level === level)!.title} engaged`);
      void refreshAccount().catch(() => {});
    });
  // Flat is what the order manager and the positions say, never what was asked for.
  const steps = [
    { label: "Account halted", done: account?.halted === true, left: account?.halted ? "" : "waiting" },
    ...(level === "K1" ? [] : [{ label: "Working orders cancelled", done: exposure.orders === 0, left: `${exposure.orders} left` }]),
    ...(level === "STOP"
      ? [
          { label: "Deployments stopped", done: exposure.deployments === 0, left: `${exposure.deployments} left` },
          { label: "Positions closed", done: exposure.positions === 0, left: `${exposure.positions} left` },
        ]
      : []),
  ];
  // Counts of an old stream prove nothing.
  const finished = !stale && steps.every((s) => s.done);
  return (
    <Dialog title="Emergency stop" tone="danger" onClose={onClose}>
      <p>
        <ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} /> Account <strong>{accountId}</strong>: {exposure.deployments} running deployments, {exposure.orders} working orders, {exposure.positions} open positions worth <span className="number">{decimal.formatMoney(exposure.value)}</span>.
      </p>
      {!sent ? (
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
          <ul className="checks">
            {steps.map((step) => <li key={step.label} className={step.done ? "pass" : "wait"}><span>{step.label}</span><span className="number">{step.done ? "done" : step.left}</span></li>)}
          </ul>
          <p className={finished ? "confirmation" : "tone-warn"}>{finished ? (level === "STOP" ? "Flat. Nothing is open in this account." : "Done.") : "In progress. This list follows the order manager, not the request."}</p>
          <div className="dialog-actions">
            {!finished && <button type="button" className="button danger" onClick={() => { requestId.current = newKey("web"); setSent(false); }}>Send again…</button>}
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
