import { useState } from "react";
import { call } from "../api/client";
import type { Breaker, LimitUse, LossRule } from "../api/types";
import { tripName } from "../lib/awaited";
import * as decimal from "../lib/decimal";
import { isBreached, percentUsed, trippedRules } from "../lib/permission";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useRisk, useStore } from "../state/store";
import { Awaited, keptForAnother, useAwaited } from "../ui/awaited";
import { EmergencyDialog, ResumeDialog, type Level } from "../ui/emergency";
import { PermissionPill } from "../ui/permission";
import { Dialog, Empty, Failure, Field, Meter, Moment, Panel, Stat, useAction } from "../ui/parts";
import { LimitsPanel } from "./limits";

const kMoney = new Set(["daily_loss", "drawdown", "gross_leverage"]);

/** Loss, drawdown and exposure are money; everything else is shown as it is. */
function showUse(name: string, value: string): string {
  if (decimal.parse(value) === null) return value;
  return kMoney.has(name) ? decimal.formatMoney(value) : decimal.format(value);
}

function Use({ use, tripped, onRearm }: { use: LimitUse; tripped: LossRule | undefined; onRearm: () => void }) {
  const percent = percentUsed(use);
  const over = isBreached(use);
  return (
    <li>
      <div className="row spread-row">
        <span>{sentence(use.name)}</span>
        <span className="number">{showUse(use.name, use.used || "0")} <span className="muted">/ {use.limit ? showUse(use.name, use.limit) : "no limit"}</span> <strong className={over ? "down" : ""}>{percent === null ? "–" : `${decimal.format(percent)}%`}</strong></span>
      </div>
      <Meter label={sentence(use.name)} ratio={percent === null ? 0 : decimal.toNumber(percent) / 100} {...(percent === null ? {} : { text: `${percent} per cent` })} />
      {tripped ? (
        <div className="row tone-bad"><span>Tripped{tripped.trip_time && <> at <Moment at={tripped.trip_time} /></>}{tripped.trip_equity && <> with equity <span className="number">{decimal.formatMoney(tripped.trip_equity)}</span></>}. Re-arm with a reason.</span><button type="button" className="button small" onClick={onRearm}>Re-arm…</button></div>
      ) : (
        over && <p className="tone-bad">Used up: entries are refused.</p>
      )}
    </li>
  );
}

function BreakerRow({ breaker, onRearm }: { breaker: Breaker; onRearm: () => void }) {
  const tripped = breaker.state === "BREAKER_STATE_TRIPPED";
  const whose = breaker.rule.scope === "BREAKER_SCOPE_FIRM" ? "the firm" : [breaker.deployment_id, breaker.symbol].filter(Boolean).join(" · ");
  const seen = tripped ? breaker.trip_observed : breaker.observed;
  const limit = tripped ? breaker.trip_limit : breaker.limit;
  return (
    <li data-breaker={breaker.rule.name}>
      <div className="row spread-row">
        <span>{sentence(breaker.rule.name)}{whose && <span className="muted"> {whose}</span>}</span>
        <span className="number">{decimal.format(seen ?? "")} <span className="muted">/ {decimal.format(limit ?? "")}</span></span>
      </div>
      {tripped ? (
        <div className="row tone-bad"><span>Tripped{breaker.trip_time && <> at <Moment at={breaker.trip_time} /></>}{breaker.clear_time ? <>, clears at <Moment at={breaker.clear_time} /> at the earliest</> : <>. Re-arm with a reason.</>}</span>{!breaker.clear_time && <button type="button" className="button small" onClick={onRearm}>Re-arm…</button>}</div>
      ) : (
        <p className="tone-warn">{breaker.level_percent} % of its limit used.</p>
      )}
    </li>
  );
}

export function RiskView() {
  const risk = useRisk();
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const [level, setLevel] = useState<Level | null>(null);
  const [resuming, setResuming] = useState(false);
  const [rearming, setRearming] = useState<Breaker | null>(null);
  const breakers = risk?.breakers ?? [];
  return (
    <>
      <h1 className="visually-hidden">Risk</h1>
      <div className="stat-row">
        <Stat label="Equity"><span className="number">{decimal.formatMoney(risk?.equity)}</span></Stat>
        <Stat label="Start of day"><span className="number">{decimal.formatMoney(risk?.day_start_equity)}</span></Stat>
        <Stat label="Peak"><span className="number">{decimal.formatMoney(risk?.peak_equity)}</span></Stat>
        <Stat label="Gross exposure"><span className="number">{decimal.formatMoney(risk?.gross_exposure)}</span></Stat>
        <Stat label="Reserved by orders" hint="Worst case of open and pending orders"><span className="number">{decimal.formatMoney(risk?.reserved_exposure)}</span></Stat>
        <Stat label="Market data">{risk ? ((risk.stale_symbols ?? []).length > 0 ? <span className="tone-warn">{risk.stale_symbols!.join(", ")} old</span> : risk.market_data_stale ? <span className="tone-warn">some old: no entries there</span> : <span>current</span>) : "–"}</Stat>
      </div>
      <div className="two-up wide-left">
        <Panel title="Use of limits" meta="checked before every order">
          {(risk?.uses ?? []).length === 0 && <Empty title="No figures yet" />}
          <ul className="uses">
            {(risk?.uses ?? []).map((use) => <Use key={use.name} use={use} tripped={trippedRules(risk).find((r) => r.name === use.name)} onRearm={() => setResuming(true)} />)}
            {trippedRules(risk).filter((r) => !(risk?.uses ?? []).some((u) => u.name === r.name)).map((r) => (
              <li key={r.name}><div className="row tone-bad"><span>{sentence(r.name)} tripped. Re-arm with a reason.</span><button type="button" className="button small" onClick={() => setResuming(true)}>Re-arm…</button></div></li>
            ))}
          </ul>
        </Panel>
        <div className="stack">
          <Panel title="Breakers" meta="warned or tripped">
            {breakers.length === 0 && <Empty title="None is near its limit" />}
            <ul className="uses">{breakers.map((b) => <BreakerRow key={`${b.rule.name}|${b.account_id}|${b.deployment_id}|${b.symbol}`} breaker={b} onRearm={() => setRearming(b)} />)}</ul>
          </Panel>
          <Panel title="Emergency controls" live={false}>
            {account?.halted ? (
              <div className="refusal">
                <p>This account is halted: {account.halt_reason || "no reason given"}</p>
                <button type="button" className="button" onClick={() => setResuming(true)}>Resume trading…</button>
              </div>
            ) : (
              <PermissionPill link={false} />
            )}
            <ul className="ladder">
              <li><div><strong>1 · Halt</strong><p className="muted">No new orders. Working orders and positions stay.</p></div><button type="button" className="button danger" onClick={() => setLevel("K1")}>Halt…</button></li>
              <li><div><strong>2 · Halt and cancel</strong><p className="muted">No new orders, every working order is cancelled.</p></div><button type="button" className="button danger" onClick={() => setLevel("K2")}>Cancel all…</button></li>
              <li><div><strong>3 · Emergency stop</strong><p className="muted">Cancels all, stops every deployment, closes all positions at market.</p></div><button type="button" className="button danger-solid" onClick={() => setLevel("STOP")}>Stop all…</button></li>
            </ul>
          </Panel>
        </div>
      </div>
      <LimitsPanel />
      {level && <EmergencyDialog initial={level} onClose={() => setLevel(null)} />}
      {resuming && <ResumeDialog onClose={() => setResuming(false)} />}
      {rearming && <RearmDialog breaker={rearming} onClose={() => setRearming(null)} />}
    </>
  );
}

function RearmDialog({ breaker, onClose }: { breaker: Breaker; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [waits, setWaits] = useState("");
  const { data: awaited, reload } = useAwaited(breaker.account_id);
  const { busy, error, run } = useAction();
  const rearm = () =>
    run(async () => {
      try {
        await call("POST", "/api/live/breakers/rearm", { request_id: newKey("web"), account_id: breaker.account_id, deployment_id: breaker.deployment_id, names: [tripName(breaker.rule.name, breaker.trip_time)], reason });
      } catch (refused) {
        setWaits(keptForAnother(refused));
        reload();
        return;
      }
      await refreshAccount();
      notify("done", `${sentence(breaker.rule.name)} re-armed`);
      onClose();
    });
  return (
    <Dialog title={`Re-arm ${sentence(breaker.rule.name)}`} onClose={onClose}>
      <p>{breaker.message}</p>
      <p className="muted">Entries are taken again at once; losses count from what is owned now. It is audited.</p>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      <Awaited told={awaited} kinds={["rearm"]} />
      {waits && <div className="refusal" role="status"><p>{sentence(waits)}</p></div>}
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it tripped</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={rearm}>{busy ? "Re-arming…" : "Re-arm"}</button>
      </div>
    </Dialog>
  );
}
