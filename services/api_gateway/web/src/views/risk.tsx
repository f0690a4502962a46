import { useEffect, useState } from "react";
import { call, get } from "../api/client";
import type { Breaker, EffectiveLimit, LimitChange, Limits, LimitUse, LossRule } from "../api/types";
import * as decimal from "../lib/decimal";
import { effectiveText, isOwnLimit } from "../lib/limits";
import { isBreached, percentUsed, trippedRules } from "../lib/permission";
import { newKey, sentence } from "../lib/words";
import { notify, refreshAccount, useRisk, useStore } from "../state/store";
import { EmergencyDialog, ResumeDialog, type Level } from "../ui/emergency";
import { PermissionPill } from "../ui/permission";
import { Dialog, Empty, Failure, Field, Meter, Moment, Panel, Stat, useAction } from "../ui/parts";

const kLimits: readonly { name: string; label: string; kind: "amount" | "ratio" | "count" | "yes" }[] = [
  { name: "max_order_quantity", label: "Largest order, units", kind: "amount" },
  { name: "max_order_notional", label: "Largest order, money", kind: "amount" },
  { name: "max_position_ratio", label: "Position of a deployment, % of equity", kind: "ratio" },
  { name: "concentration_ratio", label: "One instrument, % of equity", kind: "ratio" },
  { name: "gross_leverage", label: "Gross leverage, times equity", kind: "amount" },
  { name: "net_leverage", label: "Net leverage, times equity", kind: "amount" },
  { name: "risk_per_trade_ratio", label: "Lost by one order at its stop, % of equity (1,000: off)", kind: "ratio" },
  { name: "portfolio_risk_ratio", label: "Lost by everything at its stops, % of equity (1,000: off)", kind: "ratio" },
  { name: "unprotected_loss_ratio", label: "Counted as lost where there is no stop, %", kind: "ratio" },
  { name: "max_open_positions_per_deployment", label: "Positions per deployment", kind: "count" },
  { name: "max_open_positions", label: "Open positions", kind: "count" },
  { name: "max_open_orders", label: "Open orders", kind: "count" },
  { name: "daily_loss_ratio", label: "Daily loss, %", kind: "ratio" },
  { name: "drawdown_ratio", label: "Drawdown, %", kind: "ratio" },
  { name: "derisk_floor", label: "Smallest limits before the stop, % (100: never smaller)", kind: "ratio" },
  { name: "derisk_start", label: "Smaller from this part of the drawdown limit on, %", kind: "ratio" },
  { name: "derisk_volatility", label: "Smaller above this move in a minute, % (0: not)", kind: "ratio" },
  { name: "price_collar_ratio", label: "Distance from the market, %", kind: "ratio" },
  { name: "soft_collar_ratio", label: "Distance that needs no confirmation, %", kind: "ratio" },
  { name: "soft_collar_passes_deployments", label: "Deployments beyond it, up to the distance above", kind: "yes" },
  { name: "order_rate_per_second", label: "Orders a second", kind: "count" },
  { name: "order_rate_per_deployment", label: "Orders a second, per deployment", kind: "count" },
  { name: "repeated_orders_per_second", label: "The same order, times a second", kind: "count" },
  { name: "quote_age_ms_max", label: "Oldest quote, ms", kind: "count" },
  { name: "daily_loss_clears_next_day", label: "Daily loss re-arms itself with the next day", kind: "yes" },
  { name: "allow_short", label: "Short selling", kind: "yes" },
  { name: "require_locate", label: "Short sales only with a locate", kind: "yes" },
  { name: "allow_self_trade", label: "Orders that meet own ones", kind: "yes" },
];

/** The limits this server has. */
const kNewer = new Set(["daily_loss_clears_next_day", "net_leverage", "derisk_floor", "derisk_start", "derisk_volatility", "order_rate_per_deployment",
  "repeated_orders_per_second", "risk_per_trade_ratio", "portfolio_risk_ratio", "unprotected_loss_ratio", "soft_collar_ratio", "soft_collar_passes_deployments",
  "require_locate", "allow_self_trade"]);
const known = (limits: Limits) => kLimits.filter((l) => !kNewer.has(l.name) || l.name in limits);

function showLimit(value: unknown, kind: string): string {
  if (value === null || value === undefined || value === "") return "no limit";
  if (kind === "yes") return value ? "allowed" : "not allowed";
  if (kind === "ratio") return `${decimal.format(decimal.percentFromRatio(String(value)))} %`;
  return decimal.format(String(value));
}

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
  const [editing, setEditing] = useState<Limits | null>(null);
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
          <Panel title="Limits" live={false} meta={risk?.limits ? `version ${risk.limits.version}` : undefined} actions={<button type="button" className="button small" disabled={!risk?.limits} onClick={() => risk?.limits && setEditing(risk.limits)}>Change…</button>}>
            {!risk?.limits && <Empty title="Limits are not known yet" />}
            <PendingChanges version={risk?.limits?.version ?? ""} />
            {risk?.limits && <EffectiveLimits accountId={risk.limits.account_id} version={risk.limits.version} />}
            {risk?.limits && <dl className="facts">{known(risk.limits).map((l) => <div key={l.name}><dt>{l.label}</dt><dd className="number">{showLimit(risk.limits?.[l.name], l.kind)}</dd></div>)}</dl>}
          </Panel>
        </div>
      </div>
      {level && <EmergencyDialog initial={level} onClose={() => setLevel(null)} />}
      {resuming && <ResumeDialog onClose={() => setResuming(false)} />}
      {rearming && <RearmDialog breaker={rearming} onClose={() => setRearming(null)} />}
      {editing && <LimitsDialog limits={editing} onClose={() => setEditing(null)} />}
    </>
  );
}

/** What is not the account's own: limits of the firm, of deployments and instruments, and overrides with their end. */
function EffectiveLimits({ accountId, version }: { accountId: string; version: unknown }) {
  const symbol = useStore((s) => s.symbol);
  const [deployment, setDeployment] = useState("");
  const [limits, setLimits] = useState<EffectiveLimit[] | null>(null);
  useEffect(() => {
    let current = true;
    const query = new URLSearchParams({ account_id: accountId, symbol, deployment_id: deployment });
    const load = () => get<{ limits?: EffectiveLimit[] }>(`/api/live/risk/limits/effective?${query}`).then((answer) => current && setLimits(answer.limits ?? [])).catch(() => current && setLimits(null));
    void load();
    const timer = setInterval(() => void load(), 15000);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [accountId, symbol, deployment, version]);
  const others = (limits ?? []).filter((limit) => !isOwnLimit(limit, accountId));
  return (
    <section aria-labelledby="effective-title" data-part="effective-limits">
      <h3 id="effective-title">In force for {symbol || "any symbol"}</h3>
      <Field label="Deployment">{(id) => <input id={id} value={deployment} placeholder="by hand" onChange={(e) => setDeployment(e.target.value.trim())} />}</Field>
      {limits === null ? <p className="muted">Not known.</p> : others.length === 0 ? <p className="muted">Nothing is tighter than the account's own limits below.</p> : (
        <dl className="facts">{others.map((limit) => <div key={limit.name}><dt>{kLimits.find((l) => l.name === limit.name)?.label ?? sentence(limit.name)}</dt><dd><span className="number">{effectiveText(limit, kLimits.find((l) => l.name === limit.name)?.kind ?? "amount")}</span> <span className="muted">{limit.scope}</span>{limit.expire_time && <span className="muted"> until <Moment at={limit.expire_time} /></span>}</dd></div>)}</dl>
      )}
    </section>
  );
}

/** Raised limits that wait for a second person. */
function PendingChanges({ version }: { version: unknown }) {
  const [changes, setChanges] = useState<LimitChange[]>([]);
  const [deciding, setDeciding] = useState<LimitChange | null>(null);
  useEffect(() => {
    let current = true;
    const load = () => get<{ changes?: LimitChange[] }>("/api/live/risk/limits/changes?pending_only=true").then((answer) => current && setChanges(answer.changes ?? [])).catch(() => {});
    void load();
    const timer = setInterval(() => void load(), 15000);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [version, deciding]);
  if (changes.length === 0) return null;
  return (
    <>
      <ul className="uses">{changes.map((change) => (
        <li key={change.change_id} data-change={change.change_id}>
          <div className="row tone-warn"><span>{change.proposed_by} asks to raise {(change.raises ?? []).join(", ")}: {change.reason}</span><button type="button" className="button small" onClick={() => setDeciding(change)}>Decide…</button></div>
        </li>
      ))}</ul>
      {deciding && <DecideDialog change={deciding} onClose={() => setDeciding(null)} />}
    </>
  );
}

function DecideDialog({ change, onClose }: { change: LimitChange; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const decide = (approve: boolean) =>
    run(async () => {
      await call("POST", "/api/live/risk/limits/changes", { request_id: newKey("web"), change_id: change.change_id, approve, reason });
      await refreshAccount();
      notify("done", approve ? "Approved: it holds at once" : "Rejected");
      onClose();
    });
  return (
    <Dialog title="Raise limits" onClose={onClose}>
      <ul>{(change.raises ?? []).map((raise) => <li key={raise}>{raise}</li>)}</ul>
      <p className="muted">Asked for by {change.proposed_by}: {change.reason}. Whoever asked for it cannot approve it. It is audited.</p>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" disabled={busy || reason.trim() === ""} onClick={() => decide(false)}>Reject</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={() => decide(true)}>Approve</button>
      </div>
    </Dialog>
  );
}

function RearmDialog({ breaker, onClose }: { breaker: Breaker; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const rearm = () =>
    run(async () => {
      await call("POST", "/api/live/breakers/rearm", { request_id: newKey("web"), account_id: breaker.account_id, deployment_id: breaker.deployment_id, names: [breaker.rule.name], reason });
      await refreshAccount();
      notify("done", `${sentence(breaker.rule.name)} re-armed`);
      onClose();
    });
  return (
    <Dialog title={`Re-arm ${sentence(breaker.rule.name)}`} onClose={onClose}>
      <p>{breaker.message}</p>
      <p className="muted">Entries are taken again at once; losses count from what is owned now. It is audited.</p>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it tripped</button>
        <button type="button" className="button primary" disabled={busy || reason.trim() === ""} onClick={rearm}>{busy ? "Re-arming…" : "Re-arm"}</button>
      </div>
    </Dialog>
  );
}

function LimitsDialog({ limits, onClose }: { limits: Limits; onClose: () => void }) {
  const raw = (name: string) => (limits[name] === null || limits[name] === undefined ? "" : String(limits[name]));
  // What is typed is per cent, as in every dialog: "2" is 2 %. The server's fractions are made of it exactly.
  const text = (l: (typeof kLimits)[number]) => (l.kind === "ratio" ? decimal.percentFromRatio(raw(l.name)) : raw(l.name));
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(kLimits.map((l) => [l.name, text(l)])));
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const changed = known(limits).filter((l) => values[l.name] !== text(l));
  const wrong = (l: (typeof kLimits)[number]) => l.kind !== "yes" && values[l.name] !== "" && decimal.parse(values[l.name]) === null;
  const save = () =>
    run(async () => {
      const next: Record<string, unknown> = { ...limits };
      for (const l of changed) {
        const value = values[l.name]!;
        next[l.name] = l.kind === "yes" ? value === "true" : l.name === "quote_age_ms_max" ? value : l.kind === "ratio" ? decimal.ratioFromPercent(value) : l.kind === "count" ? Number(value) : value === "" ? null : value;
      }
      const answer = await call<{ pending?: LimitChange | null }>("PUT", "/api/live/risk/limits", { request_id: newKey("web"), limits: next, reason });
      await refreshAccount();
      notify("done", answer.pending ? "It raises a limit: a second person has to approve it" : "Limits changed");
      onClose();
    });
  return (
    <Dialog title="Change limits" onClose={onClose} wide>
      <p className="muted">Per cent are per cent: 2 is 2 %. Changes hold at once and are audited.</p>
      <div className="form-grid">
        {known(limits).map((l) => (
          <Field key={l.name} label={l.label} error={wrong(l) ? "A number" : undefined} hint={values[l.name] !== text(l) ? `was ${text(l) || "no limit"}${l.kind === "ratio" && text(l) ? " %" : ""}` : undefined}>
            {(id, note) =>
              l.kind === "yes" ? (
                <select id={id} value={values[l.name]} onChange={(e) => setValues({ ...values, [l.name]: e.target.value })}><option value="true">allowed</option><option value="false">not allowed</option></select>
              ) : (
                <input id={id} aria-describedby={note} inputMode="decimal" value={values[l.name]} onChange={(e) => setValues({ ...values, [l.name]: e.target.value.trim() })} />
              )
            }
          </Field>
        ))}
      </div>
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Keep as it is</button>
        <button type="button" className="button primary" disabled={busy || changed.length === 0 || kLimits.some(wrong) || reason.trim() === ""} onClick={save}>{busy ? "Saving…" : `Change ${changed.length} limit${changed.length === 1 ? "" : "s"}`}</button>
      </div>
    </Dialog>
  );
}
