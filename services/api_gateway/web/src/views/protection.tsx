import { useState } from "react";
import { call, get } from "../api/client";
import type { Protection, Protections, StopPolicy } from "../api/types";
import * as decimal from "../lib/decimal";
import { percentOf, policyWords, ratioOf, stateOf, worst } from "../lib/protection";
import { notify, useModel, useStore } from "../state/store";
import { Age, Dialog, Failure, Field, Price, useAction, useFetched } from "../ui/parts";

/** What protects each book's position; null before the first answer. */
export function useProtections(): { data: Protections | null; error: unknown; reload: () => void } {
  const accountId = useStore((s) => s.accountId);
  const fillVersion = useModel((m) => m.fillVersion);
  return useFetched(async () => (accountId ? await get<Protections>(`/api/live/protections?account_id=${encodeURIComponent(accountId)}`) : null) as Protections, [accountId, fillVersion], 2000);
}

export interface PolicyTarget {
  symbol: string;
  /** undefined: every book of the symbol. */
  book: string | undefined;
  policy: StopPolicy | null;
  byDefault: boolean;
}

/** Stop and target, whether they are live, and since when. */
export function ProtectionCell({ known, of, onSet, label }: { known: boolean; of: readonly Protection[]; onSet: () => void; label: string }) {
  const shown = worst(of);
  if (!known || !shown) return <span className="muted">{known ? "–" : "…"}</span>;
  const state = stateOf(shown);
  const legs = [
    shown.stop && { name: shown.stop.held_here ? "trail" : "stop", leg: shown.stop },
    shown.target && { name: "target", leg: shown.target },
  ].filter((l) => !!l);
  return (
    <button type="button" className="protection" title={shown.message || policyWords(shown.policy)} aria-label={`Protection of ${label}: ${state.text}. Change it`} onClick={onSet}>
      <span className={`state tone-${state.tone}`}>
        {state.text}
        {state.text !== "none" && shown.state_time && <small className="muted"> <Age since={shown.state_time} /></small>}
      </span>
      {legs.length > 0 && (
        <small className="muted">
          {legs.map(({ name, leg }, i) => (
            <span key={name}>{i > 0 && " · "}{name} {leg.price ? <Price value={leg.price} symbol={shown.symbol} /> : "waits"}</span>
          ))}
          {of.length > 1 && ` · ${of.length} books`}
        </small>
      )}
    </button>
  );
}

type Kind = "fixed" | "trailing" | "none" | "off" | "default";

/** The account's default, or a position's policy. In per cent of the entry price. */
export function PolicyDialog({ target, onClose }: { target: PolicyTarget; onClose: () => void }) {
  const accountId = useStore((s) => s.accountId);
  const isDefault = target.symbol === "";
  const own = target.byDefault ? null : target.policy;
  const [kind, setKind] = useState<Kind>(own?.off ? "off" : own?.trailing_ratio ? "trailing" : own && !own.stop_loss_ratio ? "none" : !own && !isDefault && target.policy ? "default" : "fixed");
  const [stop, setStop] = useState(percentOf(target.policy?.stop_loss_ratio) || "2");
  const [trailing, setTrailing] = useState(percentOf(target.policy?.trailing_ratio) || "2");
  const [profit, setProfit] = useState(target.policy ? percentOf(target.policy.take_profit_ratio) : "5");
  const [action, setAction] = useState(target.policy?.unprotected_action || "UNPROTECTED_ACTION_PAGE");
  const [reason, setReason] = useState("");
  const { busy, error, run } = useAction();
  const percentProblem = (text: string, needed: boolean) => (text === "" && !needed ? undefined : ratioOf(text) === null ? "Above 0 and below 100 per cent" : undefined);
  const stopProblem = kind === "fixed" ? percentProblem(stop, true) : kind === "trailing" ? percentProblem(trailing, true) : undefined;
  const sets = kind === "fixed" || kind === "trailing" || kind === "none";
  const profitProblem = sets ? percentProblem(profit, kind === "none") : undefined;
  const save = () =>
    run(async () => {
      const policy: StopPolicy | undefined =
        kind === "default" ? undefined
        : kind === "off" ? { off: true }
        : {
            ...(kind === "fixed" ? { stop_loss_ratio: ratioOf(stop)! } : {}),
            ...(kind === "trailing" ? { trailing_ratio: ratioOf(trailing)! } : {}),
            ...(profit !== "" ? { take_profit_ratio: ratioOf(profit)! } : {}),
            unprotected_action: action,
          };
      await call("PUT", "/api/live/protections", { account_id: accountId, ...(isDefault ? {} : { symbol: target.symbol }), ...(target.book === undefined ? {} : { deployment_id: target.book }), ...(policy ? { policy } : {}), reason });
      notify("done", policy ? `Protection of ${isDefault ? "the account" : target.symbol}: ${policyWords(policy)}` : `${isDefault ? "The account" : target.symbol} has no policy of its own any more`);
      onClose();
    });
  const choices: readonly { kind: Kind; label: string; note: string }[] = [
    { kind: "fixed", label: "Fixed stop", note: "at a distance from the average entry price" },
    { kind: "trailing", label: "Trailing stop", note: "follows the best price since it was armed" },
    { kind: "none", label: "Target only", note: "no stop" },
    ...(isDefault ? [{ kind: "default" as Kind, label: "No default", note: "only positions with a policy of their own are protected" }] : [{ kind: "off" as Kind, label: "Off", note: "no protection, whatever the account's default is" }, { kind: "default" as Kind, label: "The account's default", note: "no policy of its own" }]),
  ];
  const whose = isDefault ? "every position of the account that has none of its own" : target.book === undefined ? `each book's position in ${target.symbol}` : `what ${target.book ? `deployment ${target.book}` : "was traded by hand"} holds of ${target.symbol}`;
  return (
    <Dialog title={isDefault ? "Default protection" : `Protection of ${target.symbol}`} onClose={onClose}>
      <p className="muted">For {whose}. Kept right through fills, trades by hand and restarts; a person's own exits are left their part.</p>
      <fieldset className="choices" aria-label="Kind of stop">
        {choices.map((choice) => (
          <label key={choice.kind} className={`choice ${kind === choice.kind ? "on" : ""}`}>
            <input type="radio" name="kind" checked={kind === choice.kind} onChange={() => setKind(choice.kind)} />
            <span>{choice.label}<small>{choice.note}</small></span>
          </label>
        ))}
      </fieldset>
      {sets && (
        <div className="field-pair">
          {kind === "fixed" && <Field label="Stop loss, %" error={stopProblem}>{(id, note) => <input id={id} inputMode="decimal" value={stop} aria-describedby={note} onChange={(e) => setStop(e.target.value.trim())} />}</Field>}
          {kind === "trailing" && <Field label="Trailing, %" error={stopProblem}>{(id, note) => <input id={id} inputMode="decimal" value={trailing} aria-describedby={note} onChange={(e) => setTrailing(e.target.value.trim())} />}</Field>}
          <Field label={kind === "none" ? "Take profit, %" : "Take profit, % (empty: none)"} error={profitProblem}>{(id, note) => <input id={id} inputMode="decimal" value={profit} aria-describedby={note} onChange={(e) => setProfit(e.target.value.trim())} />}</Field>
        </div>
      )}
      {sets && (
        <Field label="When it is not live after 5 s">
          {(id) => (
            <select id={id} value={action} onChange={(e) => setAction(e.target.value)}>
              <option value="UNPROTECTED_ACTION_PAGE">Alert a person, go on trying</option>
              <option value="UNPROTECTED_ACTION_RETRY_THEN_FLATTEN">Alert, try for 10 s more, then close the position</option>
              <option value="UNPROTECTED_ACTION_FLATTEN">Close the position at the market</option>
            </select>
          )}
        </Field>
      )}
      <Field label="Reason">{(id, note) => <input id={id} value={reason} maxLength={200} aria-describedby={note} onChange={(e) => setReason(e.target.value)} />}</Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it</button>
        <button type="button" className="button primary" disabled={busy || !!stopProblem || !!profitProblem || reason.trim() === ""} onClick={save}>{busy ? "Saving…" : "Set protection"}</button>
      </div>
    </Dialog>
  );
}

/** The policies that are set, and the positions that have none. */
export function protectionMeta(data: Protections | null): string {
  if (!data) return "";
  const fallback = data.policies?.find((p) => !p.symbol);
  const open = data.protections ?? [];
  const live = open.filter((p) => stateOf(p).text === "live").length;
  const without = open.filter((p) => !decimal.isZero(p.position_quantity) && stateOf(p).text === "MISSING").length;
  return `protection: ${live} of ${open.length} live${without > 0 ? `, ${without} missing` : ""} · default ${policyWords(fallback?.policy)}`;
}
