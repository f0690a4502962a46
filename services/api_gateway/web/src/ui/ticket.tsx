import { useEffect, useRef, useState } from "react";
import { ApiError, post } from "../api/client";
import type { Order, Preview } from "../api/types";
import * as decimal from "../lib/decimal";
import { canRest, hints, orderWords, needsLimit as limitNeeded, needsStop as stopNeeded, stopProblem as wrongSide, timesInForce, warnings, type Draft as Priced } from "../lib/order_words";
import { bracketBody, canProtect, exitsProblem, exitWords, hasExits, isTrailComplete, isTrailing, kNoExits, kNoTrail, trailBody, trailProblem as wrongTrail, trailWords, type Exits, type Trail } from "../lib/exits";
import { bare, newKey, sentence, word } from "../lib/words";
import { notify, showOrder, useModel, useRisk, useStore } from "../state/store";
import { canRoute } from "../lib/routing";
import { SymbolPicker } from "./charts";
import { oldWords, useFreshness } from "./freshness";
import { PermissionPill } from "./permission";
import { RouteHelper } from "./route_plan";
import { ExitFields, TrailFields } from "./ticket_exits";
import { SizeHelper } from "./ticket_size";
import { Failure, Field, formatPrice, ModeBadge, showCheck, State, useNow } from "./parts";

const kReviewMs = 30_000;
const kTypes = ["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "TRAILING_STOP", "TRAILING_STOP_LIMIT"];

interface Draft extends Priced {
  timeInForce: string;
  /** GTD only: the browser's local date and time. */
  expireAt: string;
  displayQuantity: string;
  postOnly: boolean;
  reduceOnly: boolean;
  trail: Trail;
  exits: Exits;
}

const kFresh: Draft = { side: "BUY", type: "LIMIT", quantity: "", limitPrice: "", stopPrice: "", timeInForce: "GTC", expireAt: "", displayQuantity: "", postOnly: false, reduceOnly: false, trail: kNoTrail, exits: kNoExits };

interface Review {
  /** One key for one reviewed order: however often it is sent, it is one order. */
  key: string;
  body: Record<string, unknown>;
  preview: Preview;
  madeAt: number;
  symbol: string;
}

export interface Picked {
  price: string;
  version: number;
}

export function OrderTicket({ picked }: { picked?: Picked | undefined }) {
  const symbol = useStore((s) => s.symbol);
  const accountId = useStore((s) => s.accountId);
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const routable = useStore((s) => canRoute(s.accounts));
  const silent = useStore((s) => s.stale);
  // An order that needs a price is not made on an old one.
  const oldPrice = oldWords(useFreshness(symbol));
  const stale = silent || oldPrice !== "";
  const collar = useRisk()?.limits?.price_collar_ratio as string | undefined;
  const instrument = useModel((m) => m.instruments[symbol]);
  const quote = useModel((m) => m.quotes[symbol]);
  const [draft, setDraft] = useState(kFresh);
  const [review, setReview] = useState<Review | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState<"" | "review" | "place">("");
  const [placedId, setPlacedId] = useState("");
  const [confirmDuplicate, setConfirmDuplicate] = useState(false);
  const placing = useRef(false);
  const live = account?.mode === "ACCOUNT_MODE_LIVE";
  const now = useNow();

  const needsLimit = limitNeeded(draft.type);
  const needsStop = stopNeeded(draft.type);
  const times = timesInForce(draft.type);
  const timeInForce = times.includes(draft.timeInForce) ? draft.timeInForce : times[0];
  const rests = canRest(draft.type, timeInForce ?? "");

  // Any change sends the ticket back to the draft: what is placed is what was reviewed.
  const change = (part: Partial<Draft>) => {
    if (placing.current) return;
    setReview(null);
    setError(null);
    setConfirmDuplicate(false);
    setDraft((d) => ({ ...d, ...part }));
  };

  useEffect(() => {
    setReview(null);
    setError(null);
    setDraft((d) => ({ ...d, limitPrice: "", stopPrice: "", trail: { ...d.trail, activation: "" }, exits: kNoExits }));
  }, [symbol, accountId]);

  useEffect(() => {
    if (picked) change({ type: draft.type === "MARKET" ? "LIMIT" : draft.type, limitPrice: picked.price });
    // Only a new pick counts.
  }, [picked?.version]);

  const left = review ? Math.ceil((review.madeAt + kReviewMs - now) / 1000) : 0;
  useEffect(() => {
    if (review && left <= 0 && !placing.current) {
      setReview(null);
      setError(new Error("The review is older than 30 seconds. Review again with current prices."));
    }
  }, [review, left]);

  const problems: Partial<Record<"quantity" | "limit_price" | "stop_price" | "display_quantity" | "expire_time", string>> = {};
  const checkStep = (text: string, step: string | undefined, what: string): string | undefined => {
    if (text === "") return undefined;
    if (decimal.parse(text) === null || decimal.sign(text) <= 0) return "A positive number, for example 0.5";
    if (step && !decimal.isMultipleOf(text, step)) return `${what} steps of ${decimal.format(step)}`;
    return undefined;
  };
  const quantityProblem = checkStep(draft.quantity, instrument?.lot_size, "Lot");
  const limitProblem = needsLimit ? checkStep(draft.limitPrice, instrument?.tick_size, "Tick") : undefined;
  const stopProblem = needsStop ? (checkStep(draft.stopPrice, instrument?.tick_size, "Tick") ?? wrongSide(draft, stale ? undefined : quote)) : undefined;
  const trails = isTrailing(draft.type);
  const trailProblem = wrongTrail(draft.type, draft.trail);
  const protects = canProtect(draft.type, draft.reduceOnly);
  const entryPrice = needsStop ? draft.stopPrice : needsLimit ? draft.limitPrice : stale ? undefined : draft.side === "BUY" ? quote?.ask_price : quote?.bid_price;
  const exitProblem = protects && hasExits(draft.exits)
    ? (checkStep(draft.exits.target, instrument?.tick_size, "Tick") ?? checkStep(draft.exits.stop, instrument?.tick_size, "Tick") ?? exitsProblem(draft.side, entryPrice, draft.exits))
    : undefined;
  const notes = stopProblem || limitProblem ? [] : warnings(draft, stale ? undefined : quote, collar);
  if (quantityProblem) problems.quantity = quantityProblem;
  if (limitProblem) problems.limit_price = limitProblem;
  if (stopProblem) problems.stop_price = stopProblem;
  const displayProblem = rests ? checkStep(draft.displayQuantity, instrument?.lot_size, "Lot") : undefined;
  const expires = timeInForce === "GTD" && draft.expireAt !== "" ? new Date(draft.expireAt) : null;
  if (displayProblem) problems.display_quantity = displayProblem;
  if (error instanceof ApiError) {
    for (const violation of error.violations) {
      if (violation.field === "quantity" || violation.field === "limit_price" || violation.field === "stop_price" || violation.field === "display_quantity" || violation.field === "expire_time") {
        problems[violation.field] ??= violation.message || violation.reason;
      }
    }
  }
  const complete =
    symbol !== "" && accountId !== "" && draft.quantity !== "" && !quantityProblem && !limitProblem && !stopProblem &&
    (!needsLimit || draft.limitPrice !== "") && (!needsStop || draft.stopPrice !== "") && !displayProblem && (timeInForce !== "GTD" || expires !== null) &&
    isTrailComplete(draft.type, draft.trail) && !exitProblem;

  const makeBody = (): Record<string, unknown> => ({
    account_id: accountId,
    symbol,
    side: `SIDE_${draft.side}`,
    type: `ORDER_TYPE_${draft.type}`,
    time_in_force: `TIME_IN_FORCE_${timeInForce}`,
    quantity: draft.quantity,
    ...(needsLimit ? { limit_price: draft.limitPrice } : {}),
    ...(needsStop ? { stop_price: draft.stopPrice } : {}),
    ...(expires ? { expire_time: expires.toISOString() } : {}),
    ...(rests && draft.postOnly ? { post_only: true } : {}),
    ...(rests && draft.displayQuantity !== "" ? { display_quantity: draft.displayQuantity } : {}),
    ...trailBody(draft.type, draft.trail),
    reduce_only: draft.reduceOnly,
    reason: "manual",
  });

  // A price beyond the soft collar is confirmed by a second look at the same order.
  const startReview = (confirmed = false) => {
    if (!complete || busy) return;
    setBusy("review");
    setError(null);
    setPlacedId("");
    const body = { ...makeBody(), ...(confirmed ? { confirm_soft_collar: true } : {}) };
    const key = newKey("web");
    post<Preview>("/api/live/orders/preview", { ...body, request_id: key })
      .then((preview) => setReview({ key, body, preview, madeAt: Date.now(), symbol }))
      .catch(setError)
      .finally(() => setBusy(""));
  };

  const wordsOf = (of: string, estimate: string | null | undefined) => {
    const whole = orderWords(live ? "LIVE" : "PAPER", draft, of, estimate);
    return trails ? `${whole} ${trailWords(draft.trail)}` : `${whole}${protects ? exitWords(draft.exits) : ""}`;
  };

  const place = () => {
    // The ref, not the state, stops the second click of a double click: state is only there at the next render.
    if (!review || placing.current || stale) return;
    placing.current = true;
    setBusy("place");
    setError(null);
    const body = { ...review.body, request_id: review.key, ...(confirmDuplicate ? { confirm_duplicate: true } : {}) };
    const asBracket = protects && hasExits(draft.exits);
    const headers = { "Idempotency-Key": review.key };
    const placed: Promise<Order[]> = asBracket
      ? post<{ orders: Order[] }>("/api/live/orders/list", bracketBody(body, draft.exits), headers).then((answer) => answer.orders)
      : post<{ order: Order; replayed?: boolean }>("/api/live/orders", body, headers).then((answer) => [answer.order]);
    placed
      .then((orders) => {
        for (const order of orders) showOrder(order);
        setPlacedId(orders[0]!.order_id);
        setReview(null);
        setConfirmDuplicate(false);
        setDraft((d) => ({ ...d, quantity: "", exits: kNoExits }));
        notify("done", `${wordsOf(review.symbol, null)} placed`);
      })
      .catch((problem: unknown) => {
        setError(problem);
        if (problem instanceof ApiError) {
          if (problem.order) showOrder(problem.order);
          // No answer: the same reviewed order may be sent again under the same key. A refusal ends this review.
          const duplicate = problem.reason === "REJECT_REASON_DUPLICATE_ORDER";
          if (duplicate) {
            setConfirmDuplicate(true);
            setReview({ ...review, key: newKey("web"), madeAt: Date.now() });
          } else if (problem.code !== 0 && problem.code < 500) {
            setReview(null);
          }
        }
      })
      .finally(() => {
        placing.current = false;
        setBusy("");
      });
  };

  const orderText = wordsOf(symbol, review?.preview.estimated_price);
  const checks = review?.preview.checks ?? [];
  const failed = checks.filter((c) => !c.passed);

  return (
    <section className={`panel ticket ${live ? "is-live" : ""}`} aria-labelledby="ticket-title">
      <header className="panel-head">
        <h2 id="ticket-title">Order ticket</h2>
        <div className="panel-actions">
          <ModeBadge mode={account?.mode ?? "ACCOUNT_MODE_PAPER"} />
        </div>
      </header>
      <form
        className="panel-body ticket-form"
        onSubmit={(event) => {
          event.preventDefault();
          // Enter reviews. It never places: that takes the button.
          if (!review) startReview();
        }}
      >
        <PermissionPill />
        <div className="segmented" role="radiogroup" aria-label="Side">
          {(["BUY", "SELL"] as const).map((side) => (
            <label key={side} className={`segment ${side.toLowerCase()} ${draft.side === side ? "on" : ""}`}>
              <input type="radio" name="side" value={side} checked={draft.side === side} onChange={() => change({ side })} />
              {side}
            </label>
          ))}
        </div>
        <div className="field-pair">
          <Field label="Ticket symbol">{(id) => <SymbolPicker id={id} value={symbol} onChange={(next) => useStore.setState({ symbol: next })} />}</Field>
          <Field label="Type">
            {(id) => (
              <select id={id} name="type" value={draft.type} onChange={(event) => change({ type: event.target.value })}>
                {kTypes.map((type) => (
                  <option key={type} value={type}>
                    {word(type, "")}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Field label="Quantity" error={problems.quantity} hint={instrument ? `Lot ${decimal.format(instrument.lot_size)}` : undefined}>
          {(id, note) => (
            <input id={id} name="quantity" inputMode="decimal" autoComplete="off" value={draft.quantity} aria-describedby={note} aria-invalid={!!problems.quantity} onChange={(event) => change({ quantity: event.target.value.trim() })} />
          )}
        </Field>
        {!draft.reduceOnly && <SizeHelper accountId={accountId} symbol={symbol} side={draft.side} price={needsLimit ? draft.limitPrice : ""} stop={draft.exits.stop} onPick={(quantity) => change({ quantity })} />}
        {needsStop && (
          <Field label="Stop price" error={problems.stop_price} hint={instrument ? `Tick ${decimal.format(instrument.tick_size)}` : undefined}>
            {(id, note) => <input id={id} name="stop_price" inputMode="decimal" autoComplete="off" value={draft.stopPrice} aria-describedby={note} aria-invalid={!!problems.stop_price} onChange={(event) => change({ stopPrice: event.target.value.trim() })} />}
          </Field>
        )}
        {needsLimit && (
          <Field label="Limit price" error={problems.limit_price} hint={instrument ? `Tick ${decimal.format(instrument.tick_size)}` : undefined}>
            {(id, note) => (
              <span className="with-button">
                <input id={id} name="limit_price" inputMode="decimal" autoComplete="off" value={draft.limitPrice} aria-describedby={note} aria-invalid={!!problems.limit_price} onChange={(event) => change({ limitPrice: event.target.value.trim() })} />
                <button type="button" className="button small" disabled={!quote} onClick={() => quote && change({ limitPrice: decimal.normalise(draft.side === "BUY" ? quote.bid_price : quote.ask_price) })}>
                  {draft.side === "BUY" ? "Bid" : "Ask"}
                </button>
              </span>
            )}
          </Field>
        )}
        {trails && <TrailFields type={draft.type} trail={draft.trail} problem={trailProblem} change={(part) => change({ trail: { ...draft.trail, ...part } })} />}
        <div className="field-pair">
          <Field label="Time in force">
            {(id) => (
              <select id={id} name="time_in_force" value={timeInForce} onChange={(event) => change({ timeInForce: event.target.value })}>
                {times.map((t) => (
                  <option key={t} value={t}>
                    {t.replace("_", " ")}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <label className="check">
            <input type="checkbox" checked={draft.reduceOnly} onChange={(event) => change({ reduceOnly: event.target.checked })} /> Reduce only
          </label>
        </div>
        {timeInForce === "GTD" && (
          <Field label="Good until" error={problems.expire_time} hint="Your local time">
            {(id, note) => <input id={id} name="expire_time" type="datetime-local" value={draft.expireAt} aria-describedby={note} aria-invalid={!!problems.expire_time} onChange={(event) => change({ expireAt: event.target.value })} />}
          </Field>
        )}
        {rests && (
          <div className="field-pair">
            <Field label="Shown quantity" error={problems.display_quantity} hint="Empty: all of it">
              {(id, note) => <input id={id} name="display_quantity" inputMode="decimal" autoComplete="off" value={draft.displayQuantity} aria-describedby={note} aria-invalid={!!problems.display_quantity} onChange={(event) => change({ displayQuantity: event.target.value.trim() })} />}
            </Field>
            <label className="check">
              <input type="checkbox" name="post_only" checked={draft.postOnly} onChange={(event) => change({ postOnly: event.target.checked })} /> Post only
            </label>
          </div>
        )}

        {protects && <ExitFields exits={draft.exits} problem={exitProblem} change={(part) => change({ exits: { ...draft.exits, ...part } })} />}

        {routable && !draft.reduceOnly && (draft.type === "MARKET" || draft.type === "LIMIT") && (
          <RouteHelper disabled={stale || symbol === "" || draft.quantity === "" || !!quantityProblem || !!limitProblem || (needsLimit && draft.limitPrice === "")} spec={{ symbol, side: `SIDE_${draft.side}`, quantity: draft.quantity, ...(needsLimit && draft.limitPrice !== "" ? { limit_price: draft.limitPrice } : {}) }} />
        )}

        {notes.length > 0 && <ul className="notes" role="status">{notes.map((note) => <li key={note} className="tone-warn">{note}</li>)}</ul>}

        {review && (
          <div className="review" aria-live="polite">
            <dl className="facts">
              <div>
                <dt>Estimated price</dt>
                <dd className="number">{formatPrice(review.preview.estimated_price, instrument?.tick_size)}</dd>
              </div>
              <div>
                <dt>Notional</dt>
                <dd className="number">
                  {decimal.formatMoney(review.preview.estimated_notional)} {instrument?.currency}
                </dd>
              </div>
              <div>
                <dt>Risk checks</dt>
                <dd className={failed.length === 0 && review.preview.approved ? "up" : "down"}>{review.preview.approved ? `${checks.length - failed.length} of ${checks.length} pass` : `${failed.length || 1} refuse`}</dd>
              </div>
            </dl>
            <details>
              <summary>Each check</summary>
              <ul className="checks">
                {checks.map((check) => (
                  <li key={check.name} className={check.passed ? "pass" : "fail"}>
                    <span>{sentence(check.name)}</span>
                    <span className="number">
                      {showCheck(check)}
                    </span>
                  </li>
                ))}
              </ul>
            </details>
            {!review.preview.approved && (
              <div className="refusal" role="alert">
                <p>{review.preview.rejection?.message || "Risk would refuse this order."}</p>
                <code>
                  {[
                    bare(review.preview.rejection?.reason, "REJECT_REASON_"),
                    review.preview.rejection?.observed && `observed ${review.preview.rejection.observed}`,
                    review.preview.rejection?.limit && `limit ${review.preview.rejection.limit}`,
                  ].filter(Boolean).join(" · ")}
                </code>
                {review.preview.rejection?.reason === "REJECT_REASON_SOFT_COLLAR" && (
                  <div className="hint">
                    <button type="button" className="button small" disabled={busy !== ""} onClick={() => startReview(true)}>Confirm the price</button>
                    <p className="field-hint">Far through the market, and allowed. The order is reviewed once more.</p>
                  </div>
                )}
                {hints(review.preview).map((hint) => (
                  <div key={hint.label} className="hint">
                    <button type="button" className="button small" onClick={() => change(hint.change)}>{hint.label}</button>
                    <p className="field-hint">{hint.why}</p>
                  </div>
                ))}
              </div>
            )}
          </div>
        )}

        {error !== null && <Failure error={error} />}
        {review && error instanceof ApiError && (error.code === 0 || error.code >= 500) && <p className="field-hint">Placing again is safe: it carries the same key, so there can be only one order.</p>}

        {!review ? (
          <button type="submit" className="button primary block" disabled={!complete || busy !== "" || stale}>
            {busy === "review" ? "Checking…" : stale ? (oldPrice && !silent ? `Waiting: ${oldPrice}` : "Waiting for live prices…") : "Review order"}
          </button>
        ) : (
          <div className="place-row">
            <button type="button" className="button" disabled={busy !== ""} onClick={() => change({})}>
              Back
            </button>
            <button type="button" data-action="place" className={`button place ${draft.side === "BUY" ? "buy" : "sell"}`} disabled={busy !== "" || stale || !review.preview.approved} onClick={place}>
              {busy === "place" ? "Placing…" : `${confirmDuplicate ? "Place again" : "Place"} ${orderText}`}
            </button>
          </div>
        )}
        {review && busy === "" && <p className="field-hint">Review valid for {Math.min(30, Math.max(0, left))} s</p>}
        {placedId && <Placed orderId={placedId} />}
      </form>
    </section>
  );
}

/** The result is the order itself, alive, not a message that it was sent. */
function Placed({ orderId }: { orderId: string }) {
  const order = useModel((m) => m.orders[orderId]);
  if (!order) return null;
  return (
    <p className="placed" aria-live="polite">
      <State name={order.status} prefix="ORDER_STATUS_" />
      <span className="number">
        {decimal.format(order.cumulative_quantity)} of {decimal.format(order.quantity)} {order.symbol}
      </span>
      <a href={`#/orders/${encodeURIComponent(orderId)}`}>Details</a>
    </p>
  );
}
