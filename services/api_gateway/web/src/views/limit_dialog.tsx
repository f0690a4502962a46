import { useState } from "react";
import { call, get } from "../api/client";
import type { LimitChange, Limits, LimitScope, LimitSet } from "../api/types";
import { directionOf, limitText, plainValue, typedOf, valueOfTyped } from "../lib/limit_fields";
import { isAccountScope, isOverride, newestVersion, scopeName, scopeWords, setOf, withValue, type LimitRow } from "../lib/limit_rows";
import { newKey } from "../lib/words";
import { notify } from "../state/store";
import { Dialog, Failure, Field, Moment, useAction } from "../ui/parts";

type Whose = "firm" | "account" | "deployment" | "instrument";
const kFor: readonly { label: string; minutes: number }[] = [
  { label: "until it is changed", minutes: 0 }, { label: "15 minutes", minutes: 15 }, { label: "1 hour", minutes: 60 }, { label: "4 hours", minutes: 240 }, { label: "1 day", minutes: 1440 }, { label: "7 days", minutes: 10080 },
];

/** One limit of one scope: for good, or as an override with an end. */
export function LimitDialog({ row, own, sets, live, deployments, deploymentId, symbols, symbol, onClose, onDone }: {
  row: LimitRow;
  own: Limits;
  sets: readonly LimitSet[];
  live: boolean;
  deployments: readonly string[];
  deploymentId: string;
  symbols: readonly string[];
  symbol: string;
  onClose: () => void;
  onDone: () => void;
}) {
  const { field } = row;
  const accountHas = field.name in own;
  const [whose, setWhose] = useState<Whose>(deploymentId ? "deployment" : symbol || !accountHas ? "instrument" : "account");
  const [deployment, setDeployment] = useState(deploymentId || deployments[0] || "");
  const [instrument, setInstrument] = useState(symbol || symbols[0] || "");
  const [minutes, setMinutes] = useState(0);
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const scope: LimitScope = {
    account_id: whose === "firm" ? "" : own.account_id,
    deployment_id: whose === "deployment" ? deployment : "",
    symbol: whose === "instrument" ? instrument : "",
  };
  const lasting = isAccountScope(scope) ? (accountHas ? plainValue(own[field.name]) : "") : plainValue(setOf(sets, scope, false)?.values?.find((v) => v.name === field.name)?.value);
  const over = setOf(sets, scope, true);
  const overridden = plainValue(over?.values?.find((v) => v.name === field.name)?.value);
  const now = overridden || lasting;
  const [typed, setTyped] = useState(() => typedOf(field, now || row.value));
  const [removing, setRemoving] = useState(false);
  const choose = (next: Whose) => {
    setWhose(next);
    setRemoving(false);
  };
  const value = removing ? "" : valueOfTyped(field, typed);
  const before = minutes > 0 ? now : lasting;
  const direction = value === null ? "same" : directionOf(field, before, value);
  const canRemove = !isAccountScope(scope) && minutes === 0 && lasting !== "";
  const others = (over?.values ?? []).filter((v) => v.name !== field.name);
  const save = () =>
    run(async () => {
      const request = { request_id: newKey("web"), reason: reason.trim() };
      let answer: { pending?: LimitChange | null };
      if (isAccountScope(scope) && minutes === 0) {
        const next = field.kind === "yes" ? value === "1" : field.kind === "count" && field.name !== "quote_age_ms_max" ? Number(value) : value;
        answer = await call("PUT", "/api/live/risk/limits", { ...request, limits: { ...own, [field.name]: next } });
      } else {
        const { limits: history } = await get<{ limits?: LimitSet[] }>("/api/live/risk/limits/scopes?history=true");
        const override = minutes > 0;
        answer = await call("PUT", "/api/live/risk/limits/scopes", {
          ...request, scope, values: withValue(setOf(sets, scope, override), field.name, removing ? null : value), version: newestVersion(history ?? [], scope, override),
          ...(override ? { expire_time: new Date(Date.now() + minutes * 60_000).toISOString() } : {}),
        });
      }
      notify("done", answer.pending ? "It raises a limit: a second person has to approve it. What held goes on holding." : `${field.label}: it holds at once`);
      onDone();
    });
  return (
    <Dialog title={field.label} onClose={onClose}>
      <p>In force now: <strong className="number">{limitText(field, row.value)}</strong> from {scopeWords(row.scope)}{isOverride(row.scope) && <>, an override until <Moment at={row.expireTime} /></>}. The tightest of all scopes holds.</p>
      <div className="scope-choices" role="radiogroup" aria-label="Whose limit">
        {([["firm", "Firm"], ["account", `Account ${own.account_id}`], ["deployment", "Deployment"], ["instrument", "Instrument"]] as const).map(([name, label]) => (
          <label key={name} className={`chip ${whose === name ? "on" : ""}`}><input type="radio" name="whose" checked={whose === name} disabled={(name === "account" && !accountHas) || (name === "deployment" && deployments.length === 0)} onChange={() => choose(name)} />{label}</label>
        ))}
      </div>
      {whose === "deployment" && <Field label="Deployment">{(id) => <select id={id} value={deployment} onChange={(e) => setDeployment(e.target.value)}>{deployments.map((d) => <option key={d}>{d}</option>)}</select>}</Field>}
      {whose === "instrument" && <Field label="Instrument">{(id) => <select id={id} value={instrument} onChange={(e) => setInstrument(e.target.value)}>{symbols.map((s) => <option key={s}>{s}</option>)}</select>}</Field>}
      <div className="field-pair">
        <Field label={`New value${field.kind === "ratio" ? ", %" : ""}`} error={value === null ? "A number that this limit can have" : undefined} hint={before === "" ? `${scopeName(scope)} says nothing of it yet` : `was ${limitText(field, before)}`}>
          {(id, note) => field.kind === "yes" ? (
            <select id={id} aria-describedby={note} disabled={removing} value={typed || "0"} onChange={(e) => setTyped(e.target.value)}><option value="1">yes</option><option value="0">no</option></select>
          ) : (
            <input id={id} aria-describedby={note} inputMode="decimal" disabled={removing} value={typed} onChange={(e) => setTyped(e.target.value)} />
          )}
        </Field>
        <Field label="Holds" hint={minutes > 0 ? "then it ends by itself" : "\u00a0"}>{(id, note) => <select id={id} aria-describedby={note} value={minutes} onChange={(e) => { setMinutes(Number(e.target.value)); setRemoving(false); }}>{kFor.map((f) => <option key={f.minutes} value={f.minutes}>{f.minutes > 0 ? `override for ${f.label}` : f.label}</option>)}</select>}</Field>
      </div>
      {canRemove && <label className="check"><input type="checkbox" checked={removing} onChange={(e) => setRemoving(e.target.checked)} />Take it away: {scopeName(scope)} says nothing of it any more</label>}
      {minutes > 0 && others.length > 0 && <p className="tone-warn">The override of {scopeName(scope)} also holds {others.map((v) => v.name).join(", ")}: they get the same new end.</p>}
      {direction !== "same" && (
        <p className={direction === "looser" ? "tone-warn" : "muted"} data-direction={direction}>
          {direction === "tighter" ? "Tighter: it holds at once." : live || whose === "firm" ? "Looser: for real money it waits until a second person approves it; until then what held goes on holding." : "Looser: on paper one person suffices, unless the service asks for two."}
        </p>
      )}
      <Field label="Reason">{(id) => <input id={id} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Keep as it is</button>
        <button type="button" className="button primary" disabled={busy || value === null || (direction === "same" && minutes === 0) || reason.trim() === ""} onClick={save}>{busy ? "Saving…" : removing ? "Take away" : minutes > 0 ? "Override" : "Change"}</button>
      </div>
    </Dialog>
  );
}
