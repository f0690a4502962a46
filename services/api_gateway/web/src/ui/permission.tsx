import { useState } from "react";
import { post } from "../api/client";
import { permission, type Permission } from "../lib/permission";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useStore } from "../state/store";
import { ResumeDialog } from "./emergency";
import { useMarketFreshness } from "./freshness";
import { Dialog, Failure, Field, ModeBadge, useAction, useNow } from "./parts";

/** May risk be opened in this account (the one looked at, unless named)? */
export function usePermission(named?: string): Permission {
  const now = useNow(1000);
  const selected = useStore((s) => s.accountId);
  const accountId = named ?? selected;
  const account = useStore((s) => s.accounts.find((a) => a.account_id === accountId));
  const known = useStore((s) => s.risks[accountId]);
  const streamStale = useStore((s) => s.stale);
  const market = useMarketFreshness();
  const pulse = useStore((s) => s.model.market);
  return permission({ account, risk: known?.state ?? null, riskAgeMs: known ? now - known.at : null, streamStale, market, pulse });
}

const kTones: Record<Permission["state"], string> = { open: "good", warned: "warn", blocked: "bad", halted: "bad", unknown: "quiet" };

/** The pill. Green is for "open" alone. */
export function PermissionPill({ accountId, link = true }: { accountId?: string; link?: boolean }) {
  const answer = usePermission(accountId);
  const className = `pill state tone-${kTones[answer.state]}`;
  return link ? <a href="#/risk" className={className} title={answer.text} data-permission={answer.state}>{answer.text}</a> : <span className={className} data-permission={answer.state}>{answer.text}</span>;
}

/** Across every screen while nothing may be opened, with the way out. */
export function PermissionBanner() {
  const accountId = useStore((s) => s.accountId);
  const answer = usePermission();
  const [open, setOpen] = useState<"" | "resume" | "rearm">("");
  if (answer.state === "open" || answer.state === "warned") return null;
  // Not known for a moment at the start is nothing to shout about; the pill says it.
  if (answer.state === "unknown") return null;
  return (
    <div className="banner" role="alert" data-permission={answer.state}>
      <strong>{accountId}</strong> <span>{answer.text}</span>
      {answer.state === "halted" && <button type="button" className="button small" onClick={() => setOpen("resume")}>Resume…</button>}
      {answer.tripped && <button type="button" className="button small" onClick={() => setOpen("rearm")}>Re-arm…</button>}
      {open === "resume" && <ResumeDialog onClose={() => setOpen("")} />}
      {open === "rearm" && <RearmDialog rule={answer.rule} onClose={() => setOpen("")} />}
    </div>
  );
}

export function RearmDialog({ rule, onClose }: { rule: string; onClose: () => void }) {
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const accountId = useStore((s) => s.accountId);
  const [reason, setReason] = useState("");
  const [requestId] = useState(() => newKey("web"));
  const { busy, error, run } = useAction();
  return (
    <Dialog title={`Re-arm ${sentence(rule).toLowerCase()}`} onClose={onClose}>
      <p><ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} /> Account <strong>{accountId}</strong>: {sentence(rule).toLowerCase()} has tripped. Entries are refused until a person re-arms it; it then measures from what is owned now, and can trip again. The reason is kept in the audit.</p>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Stay blocked</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={() => run(async () => {
          await post("/api/live/risk/rearm", { request_id: requestId, account_id: accountId, rule, reason: reason.trim() }, { "Idempotency-Key": requestId });
          await refreshAccount();
          notify("done", `${sentence(rule)} is armed again in ${accountId}`);
          onClose();
        })}>{busy ? "Re-arming…" : "Re-arm"}</button>
      </div>
    </Dialog>
  );
}
