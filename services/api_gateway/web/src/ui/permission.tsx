import { useState } from "react";
import { summaryOf } from "../lib/emergency";
import { permission, type Permission } from "../lib/permission";
import { useStore } from "../state/store";
import { ResumeDialog, useEngaged } from "./emergency";
import { useMarketFreshness } from "./freshness";
import { useNow } from "./parts";

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
  const answer = useStore((s) => s.model.openings[`${accountId}|`]);
  return permission({ account, risk: known?.state ?? null, answer: answer ?? null, riskAgeMs: known ? now - known.at : null, streamStale, market, pulse });
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
  const engaged = useEngaged();
  const [open, setOpen] = useState(false);
  // Whatever else is known: whoever looks sees that it is engaged, and what is left.
  if (engaged) {
    return (
      <div className="banner" role="alert" data-emergency={engaged.done ? "done" : "under way"}>
        <strong>{accountId}</strong> <span>{summaryOf(engaged)}</span>
        <button type="button" className="button small" onClick={() => setOpen(true)}>Resume…</button>
        {open && <ResumeDialog onClose={() => setOpen(false)} />}
      </div>
    );
  }
  if (answer.state === "open" || answer.state === "warned") return null;
  // Not known for a moment at the start is nothing to shout about; the pill says it.
  if (answer.state === "unknown") return null;
  return (
    <div className="banner" role="alert" data-permission={answer.state}>
      <strong>{accountId}</strong> <span>{answer.text}</span>
      {(answer.state === "halted" || answer.tripped) && <button type="button" className="button small" onClick={() => setOpen(true)}>{answer.tripped ? "Re-arm…" : "Resume…"}</button>}
      {open && <ResumeDialog onClose={() => setOpen(false)} />}
    </div>
  );
}
