import { useState } from "react";
import { actor, ApiError, get, post } from "../api/client";
import type { Explained, Order, OrderEvidence } from "../api/types";
import * as decimal from "../lib/decimal";
import { confirms, decisionProblem, questionWords, silenceOf, silenceWords, type Decision } from "../lib/unknown";
import { bare, newKey, sentence, word } from "../lib/words";
import { notify, showOrder } from "../state/store";
import { Age, Dialog, Failure, Field, ModeBadge, Moment, SideWord, useAction, useFetched, useNow } from "./parts";

/** What is known of an order whose fate is not, and a person's word about it. */
export function ResolveDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const id = encodeURIComponent(order.order_id);
  const { data, error: unread, reload } = useFetched(
    async () => {
      const [told, evidence] = await Promise.all([get<Explained>(`/api/live/orders/${id}/explain`), // Without it a person can still say what he has seen.
        get<OrderEvidence>(`/api/live/orders/${id}/evidence`).catch(() => null)]);
      return { told, evidence };
    },
    [order.order_id],
    3000,
  );
  const now = useNow();
  const [decision, setDecision] = useState<Decision | "">("");
  const [venueId, setVenueId] = useState("");
  const [reason, setReason] = useState("");
  const [waits, setWaits] = useState("");
  const { busy, error, run } = useAction();
  const evidence = data?.evidence ?? null;
  const found = evidence?.evidence ?? null;
  const steps = data?.told.steps ?? [];
  const sent = steps.find((s) => s.type.endsWith("_SUBMITTED"));
  const unknown = [...steps].reverse().find((s) => s.type.endsWith("UNKNOWN"));
  const silence = silenceOf(evidence, now);
  const awaited = evidence?.awaited ?? null;
  const second = confirms(evidence, actor(), decision, venueId);
  const problem = decisionProblem(decision, venueId, reason);
  const send = () =>
    run(async () => {
      try {
        const answer = await post<{ order?: Order }>(`/api/live/orders/${id}/resolve`, { request_id: newKey("web"), broker_order_id: decision === "taken" ? venueId.trim() : "", reason: reason.trim() });
        if (answer.order) showOrder(answer.order);
        notify("done", `${order.symbol}: the broker gateway is told that ${decision === "taken" ? `the venue has it as ${venueId.trim()}` : "the venue never took it"}`);
        onClose();
      } catch (refused) {
        // Kept, and done when another person says the same.
        if (!(refused instanceof ApiError) || refused.code !== 403) throw refused;
        setWaits(refused.message);
        reload();
      }
    });
  return (
    <Dialog title="What became of this order?" onClose={onClose} wide>
      <p><ModeBadge mode={order.mode} /> <SideWord side={order.side} /> <span className="number">{decimal.format(order.quantity)}</span> {order.symbol} {word(order.type, "ORDER_TYPE_").toLowerCase()} {bare(order.time_in_force, "TIME_IN_FORCE_")} · <code>{order.order_id}</code></p>
      {unread !== null && <Failure error={unread} retry={reload} />}
      <section aria-label="Evidence" data-part="evidence">
        <dl className="facts">
          <div><dt>Asked for by</dt><dd>{data?.told.origin?.actor || "–"}, <Moment at={order.create_time} /></dd></div>
          <div><dt>Sent to the venue</dt><dd><Moment at={found?.send_time ?? sent?.event_time} /></dd></div>
          <div><dt>Not known since</dt><dd><Moment at={unknown?.event_time} />{unknown && <> (<Age since={unknown.event_time} />)</>}{unknown?.rejection?.message && <>: {unknown.rejection.message}{unknown.rejection.limit && <> ({unknown.rejection.observed} after {unknown.rejection.limit})</>}</>}</dd></div>
          {found && <div><dt>The venue was asked</dt><dd>{found.asked} time{found.asked === 1 ? "" : "s"}{(found.questions ?? []).length > 0 && <>, about {(found.questions ?? []).map(questionWords).join("; ")}</>}{found.next_ask_time && <>; next at <Moment at={found.next_ask_time} /></>}</dd></div>}
          {found && <div><dt>Its session</dt><dd className={found.session_ready ? "" : "tone-warn"}>{found.session_ready ? "up" : "down: nothing can be asked"}</dd></div>}
          {found && <div><dt>Acceptance window</dt><dd>{found.horizon ? <>{decimal.format(String(Number(found.acceptance_window_ms) / 1000))} s; silence counts from <Moment at={found.horizon} /></> : "none"}</dd></div>}
          <div><dt>Filled, as far as heard</dt><dd className="number">{decimal.format(order.cumulative_quantity)} of {decimal.format(order.quantity)}{(found?.execution_ids ?? []).length > 0 && <>: {(found?.execution_ids ?? []).join(", ")}</>}</dd></div>
        </dl>
        {(found?.answers ?? []).length > 0 ? (
          <><h3>What it said</h3><ol className="answers">{(found?.answers ?? []).map((a, i) => <li key={i}>Asked for {questionWords(a.question)}: it has none{a.text && <> ({a.text})</>} · <Moment at={a.as_of} /></li>)}</ol></>
        ) : found && <p className="muted">Nothing it said so far counts as evidence.</p>}
        {found?.contradicted && <p className="tone-warn">The venue has told things of this order that cannot both be true.</p>}
        <p className={silence === "counts" ? "muted" : "tone-warn"} data-silence={silence}>{silenceWords[silence]}</p>
      </section>
      {awaited && <div className="refusal" data-part="awaited"><p>{awaited.asked_by} has said at <Moment at={awaited.ask_time} />: {awaited.broker_order_id ? <>the venue has it as <code>{awaited.broker_order_id}</code></> : "the venue never took it"}. “{awaited.reason}” {awaited.asked_by === actor() ? "Another person has to say the same" : "It is done when you say the same"}, until <Moment at={awaited.expire_time} />.</p></div>}
      <div className="choices" role="radiogroup" aria-label="What you have seen at the venue">
        {([["taken", "The venue has it", "It is adopted: ACCEPTED, and the venue is asked for its fills at once."], ["never", "The venue never took it", "It ends NEVER_ACCEPTED and gives its exposure back. If you are wrong and it fills, the fill is booked and the account is halted."]] as const).map(([value, title, text]) => (
          <label key={value} className={`choice ${decision === value ? "on" : ""}`}><input type="radio" name="decision" checked={decision === value} onChange={() => setDecision(value)} /><span><strong>{title}</strong><small>{text}</small></span></label>
        ))}
      </div>
      {decision === "taken" && <Field label="The venue's id of it">{(field) => <input id={field} value={venueId} maxLength={64} autoComplete="off" onChange={(e) => setVenueId(e.target.value)} />}</Field>}
      <Field label="How you know" hint="It is in the order's events and the audit with your name.">{(field, note) => <input id={field} aria-describedby={note} value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />}</Field>
      {evidence?.needs_two && !second && <p className="muted">For this account two persons have to say the same: yours is kept for an hour, and done when another one confirms it.</p>}
      {waits && <div className="refusal" role="status"><p>{sentence(waits)}</p></div>}
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Leave it unknown</button>
        <button type="button" className="button primary" title={problem} disabled={busy || problem !== ""} onClick={send}>{busy ? "Sending…" : second ? "Confirm as second person" : "Say so"}</button>
      </div>
    </Dialog>
  );
}
