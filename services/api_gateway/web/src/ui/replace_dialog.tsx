import { useState } from "react";
import { get, post } from "../api/client";
import type { Order, OrderEvent } from "../api/types";
import * as decimal from "../lib/decimal";
import { asks, changesOf, effectOf, kAskings, outcomeOf, problemsOf, readAsking, termsOf, termsThatChange, type Asking } from "../lib/replace";
import { newKey } from "../lib/words";
import { notify, showOrder, useModel } from "../state/store";
import { Dialog, Failure, Field, ModeBadge, SideWord, useAction } from "./parts";

const kSetting = "ballast.ask-before-replace";
function setting(): Asking {
  try {
    return readAsking(localStorage.getItem(kSetting));
  } catch {
    return "always";
  }
}
function keep(value: Asking): void {
  try {
    localStorage.setItem(kSetting, value);
  } catch {
    // Then it is asked always.
  }
}

const kLabels = { quantity: "Quantity, in all", limit_price: "Limit price", stop_price: "Stop price" } as const;
const kAnswerMs = 10_000;

/** Whether it was replaced is told by the order's own events: the answer to the request only says that it is on its way. */
async function follow(orderId: string, afterSequence: string): Promise<{ replaced: boolean; message: string; reason: string } | null> {
  const until = Date.now() + kAnswerMs;
  for (;;) {
    const { events } = await get<{ events?: OrderEvent[] }>(`/api/live/orders/${encodeURIComponent(orderId)}/events`);
    const outcome = outcomeOf(events ?? [], afterSequence);
    if (outcome || Date.now() > until) return outcome;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

export function ReplaceDialog({ order: opened, onClose }: { order: Order; onClose: () => void }) {
  // As it was when it was opened: what is confirmed is what was looked at.
  const [order] = useState(opened);
  const instrument = useModel((m) => m.instruments[order.symbol]);
  const mark = useModel((m) => m.quotes[order.symbol]?.last_price ?? "");
  const [terms, setTerms] = useState(() => termsOf(order));
  const [asking, setAsking] = useState<Asking>(setting);
  const [confirming, setConfirming] = useState(false);
  const [outcome, setOutcome] = useState<{ replaced: boolean; message: string; reason: string } | null>(null);
  const [key] = useState(() => newKey("web"));
  const { busy, error, run, reset } = useAction();
  const live = order.mode === "ACCOUNT_MODE_LIVE";
  const problems = problemsOf(order, terms, instrument);
  const changes = changesOf(order, terms);
  const effect = effectOf(order, terms, mark);
  const ready = changes.length > 0 && Object.keys(problems).length === 0;
  const words = `${live ? "LIVE" : "PAPER"} ${order.symbol}: ${changes.map((c) => `${c.label.toLowerCase()} ${decimal.format(c.from)} → ${decimal.format(c.to)}`).join(", ")}`;
  const send = () =>
    run(async () => {
      const body = { request_id: key, ...Object.fromEntries(changes.map((c) => [c.term, c.to])) };
      const answer = await post<{ order?: Order }>(`/api/live/orders/${encodeURIComponent(order.order_id)}/replace`, body, { "Idempotency-Key": key });
      if (answer.order) showOrder(answer.order);
      const became = await follow(order.order_id, String(order.sequence));
      if (became?.replaced) {
        notify("done", `Changed: ${words}`);
        onClose();
      } else {
        setOutcome(became ?? { replaced: false, message: "The broker has not answered yet. The order's page goes on telling it; the old terms hold until then.", reason: "" });
      }
    });
  const edit = (name: keyof typeof terms, value: string) => {
    setTerms({ ...terms, [name]: value.trim() });
    setConfirming(false);
    setOutcome(null);
    reset();
  };
  return (
    <Dialog title="Change the order" onClose={onClose}>
      <p><ModeBadge mode={order.mode} /> <SideWord side={order.side} /> <span className="number">{decimal.format(order.quantity)}</span> {order.symbol}{decimal.sign(order.cumulative_quantity) > 0 && <>, <span className="number">{decimal.format(order.cumulative_quantity)}</span> of it filled</>}</p>
      {!confirming ? (
        <form className="stack" onSubmit={(event) => {
          event.preventDefault();
          if (!ready || busy) return;
          if (asks(asking, live, effect)) setConfirming(true);
          else send();
        }}>
          <div className="form-grid">
            {termsThatChange(order).map((name) => (
              <Field key={name} label={kLabels[name]} error={problems[name]} hint={`now ${decimal.format(termsOf(order)[name])}`}>
                {(id, note) => <input id={id} aria-describedby={note} inputMode="decimal" autoComplete="off" value={terms[name]} onChange={(e) => edit(name, e.target.value)} />}
              </Field>
            ))}
            <Field label="Ask once more" hint={live ? "with real money always" : "kept in this browser"}>
              {(id, note) => <select id={id} aria-describedby={note} disabled={live} value={live ? "always" : asking} onChange={(e) => { const next = readAsking(e.target.value); keep(next); setAsking(next); }}>{kAskings.map((a) => <option key={a.value} value={a.value}>{a.label}</option>)}</select>}
            </Field>
          </div>
          <Refused outcome={outcome} error={error} />
          <div className="dialog-actions">
            <button type="button" className="button" onClick={onClose}>Leave it as it is</button>
            <button type="submit" className="button primary" disabled={!ready || busy}>{busy ? "Changing…" : asks(asking, live, effect) ? "Review change" : "Change"}</button>
          </div>
        </form>
      ) : (
        <div className="stack" aria-live="polite">
          <dl className="facts" data-part="replacement">
            {changes.map((c) => <div key={c.term}><dt>{c.label}</dt><dd className="number">{decimal.format(c.from)} → <strong>{decimal.format(c.to)}</strong></dd></div>)}
            <div><dt>Still to trade</dt><dd className="number">{decimal.formatMoney(effect.before)} → <strong>{decimal.formatMoney(effect.after)}</strong> {instrument?.currency} ({decimal.formatMoney(effect.difference, true)})</dd></div>
          </dl>
          {effect.ends && <p className="tone-warn">No more than has traded is wanted: the order ends filled.</p>}
          <p className="muted">It keeps its id. The old terms hold until the broker has taken the new ones, and it may fill at them meanwhile.</p>
          <Refused outcome={outcome} error={error} />
          <div className="dialog-actions">
            <button type="button" className="button" disabled={busy} onClick={() => { setConfirming(false); setOutcome(null); reset(); }}>Back</button>
            <button type="button" data-action="replace" className={`button place ${order.side === "SIDE_BUY" ? "buy" : "sell"}`} disabled={busy || outcome !== null || error !== null} onClick={send}>{busy ? "Changing…" : `Change ${words}`}</button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

/** Why it was not changed; what it was goes on. */
function Refused({ outcome, error }: { outcome: { message: string; reason: string } | null; error: unknown }) {
  return (
    <>
      {error !== null && <Failure error={error} />}
      {outcome && <div className="refusal" role="alert"><p>Not changed: {outcome.message}</p>{outcome.reason && <code>{outcome.reason}</code>}</div>}
      {(error !== null || outcome !== null) && <p className="muted">The order stays as it was.</p>}
    </>
  );
}
