import { useEffect, useState } from "react";
import { ApiError, get, post } from "../api/client";
import * as decimal from "../lib/decimal";
import { isRouteEnded, leftOutWords, looksLikeRepeat, routeWords, saved, type ExecutedLeg, type Route, type RouteLeg, type RoutePlan, type RouteSpec, type RouteVenue } from "../lib/routing";
import { newKey } from "../lib/words";
import { notify } from "../state/store";
import { Dialog, Empty, Failure, Price, Quantity, Stat, State, useAction, useFetched } from "./parts";
import { Table, type Column } from "./table";

const kPath = "/api/live/routes";
const kReviewMs = 10_000;

const kLegColumns: readonly Column<RouteLeg>[] = [
  { key: "venue", label: "Venue", cell: (l) => <><strong>{l.broker}</strong> <span className="muted">{l.account_id}</span></> },
  { key: "quantity", label: "Quantity", end: true, cell: (l) => <Quantity value={l.quantity} /> },
  { key: "price", label: "Expected price", end: true, cell: (l) => <Price value={l.average_price} /> },
  { key: "fees", label: "Fees", end: true, cell: (l) => <Quantity value={decimal.round(l.fees, 4)} /> },
  { key: "latency", label: "Latency", end: true, wideOnly: true, cell: (l) => <Quantity value={decimal.round(l.latency_cost, 4)} /> },
  { key: "reliability", label: "Reliability", end: true, wideOnly: true, cell: (l) => <Quantity value={decimal.round(l.reliability_cost, 4)} /> },
  { key: "all", label: "All in", end: true, cell: (l) => <span className="number">{decimal.formatMoney(l.all_in_amount)}</span> },
];
const kVenueColumns: readonly Column<RouteVenue>[] = [
  { key: "venue", label: "Venue", cell: (v) => <><strong>{v.broker}</strong> <span className="muted">{v.account_id}</span></> },
  { key: "price", label: "Best price", end: true, cell: (v) => <Price value={v.best_price} /> },
  { key: "depth", label: "Depth", end: true, cell: (v) => <Quantity value={v.depth} /> },
  { key: "fee", label: "Taker fee", end: true, cell: (v) => <span className="number">{v.taker_fee_ratio ? decimal.formatRatio(v.taker_fee_ratio, 3) : "–"}</span> },
  { key: "there", label: "Available", end: true, wideOnly: true, cell: (v) => <Quantity value={v.available} /> },
  { key: "latency", label: "Latency", end: true, wideOnly: true, cell: (v) => <span className="number">{v.latency_ms ? `${v.latency_ms} ms` : "–"}</span> },
  { key: "score", label: "Score", end: true, wideOnly: true, cell: (v) => <Quantity value={v.score} /> },
  { key: "out", label: "Left out", cell: (v) => (v.left_out ? <span className="tone-warn">{leftOutWords(v)}</span> : "") },
];

/** A plan as people decide by it: what goes where, what it costs, and who is not in it. */
export function PlanTable({ plan, side }: { plan: RoutePlan; side: string }) {
  const less = saved(plan, side);
  return (
    <>
      <Table label="Legs of the plan" columns={kLegColumns} rows={plan.legs ?? []} rowKey={(l) => String(l.number)} empty={<Empty title="No venue can take it now">See below why each is left out.</Empty>} />
      <div className="card-stats">
        <Stat label={side === "SIDE_BUY" ? "Costs in all" : "Brings in all"}>{decimal.formatMoney(plan.all_in_amount)}</Stat>
        {less !== null && <Stat label="Saved by the split" hint="against the best one venue alone">{decimal.formatMoney(less)}</Stat>}
        {!decimal.isZero(plan.unplaced_quantity) && <Stat label="Nobody takes"><Quantity value={plan.unplaced_quantity} /></Stat>}
      </div>
      {(plan.venues?.length ?? 0) > 0 && (
        <details open={(plan.venues ?? []).some((v) => v.left_out)}>
          <summary>The venues</summary>
          <Table label="Venues" columns={kVenueColumns} rows={plan.venues ?? []} rowKey={(v) => v.account_id} empty={null} />
        </details>
      )}
    </>
  );
}

const kSentColumns: readonly Column<ExecutedLeg>[] = [
  { key: "number", label: "Leg", cell: (l) => (l.order ? <a href={`#/orders/${encodeURIComponent(l.order.order_id)}`}>{l.leg.number}</a> : l.leg.number) },
  { key: "venue", label: "Venue", cell: (l) => l.leg.broker },
  { key: "quantity", label: "Quantity", end: true, cell: (l) => <><Quantity value={l.order?.quantity ?? l.leg.quantity} />{l.order?.requested_quantity && <small className="muted"> of {decimal.format(l.order.requested_quantity)}</small>}</> },
  { key: "filled", label: "Filled", end: true, cell: (l) => <Quantity value={l.order?.cumulative_quantity ?? "0"} /> },
  { key: "state", label: "State", cell: (l) => (l.order ? <State name={l.order.status} prefix="ORDER_STATUS_" /> : <State name={l.state} prefix="LEG_STATE_" />) },
  { key: "why", label: "Why", wideOnly: true, cell: (l) => <span className="clip">{l.order?.rejection?.message ?? l.error ?? (l.replan ? `planned again, ${l.replan}` : "")}</span> },
];

/** Ends a route that works: nothing more of it is sent, and what works of it is cancelled. */
export function CancelRoute({ route, reload }: { route: Route; reload: () => void }) {
  const { busy, error, run } = useAction();
  if (isRouteEnded(route)) return null;
  const cancel = () =>
    run(async () => {
      await post(`${kPath}/${encodeURIComponent(route.request_id)}/cancel`);
      notify("done", `The route of ${route.spec.quantity} ${route.spec.symbol} is being cancelled`);
      reload();
    });
  return (
    <>
      <button type="button" data-action="cancel-route" className="button small danger" disabled={busy} onClick={cancel}>{busy ? "Cancelling…" : "Cancel"}</button>
      {error !== null && <Failure error={error} />}
    </>
  );
}

/** A route that was sent, until it has ended. */
export function RouteProgress({ id }: { id: string }) {
  const [ended, setEnded] = useState(false);
  const one = useFetched(() => get<{ route: Route }>(`${kPath}/${encodeURIComponent(id)}`), [id], ended ? 0 : 500);
  const route = one.data?.route;
  useEffect(() => {
    if (route && isRouteEnded(route)) setEnded(true);
  }, [route]);
  if (one.error !== null) return <Failure error={one.error} retry={one.reload} />;
  if (!route) return <p className="muted">Reading…</p>;
  return (
    <div aria-live="polite">
      <p className="placed"><State name={route.state} prefix="ROUTE_STATE_" /> {routeWords(route)}</p>
      <CancelRoute route={route} reload={one.reload} />
      <Table label="Legs" columns={kSentColumns} rows={route.legs ?? []} rowKey={(l) => String(l.leg.number)} empty={null} />
    </div>
  );
}

/** Of the ticket: where the order would be cheapest, and the button that sends it so. */
export function RouteHelper({ spec, disabled }: { spec: RouteSpec; disabled: boolean }) {
  const [plan, setPlan] = useState<RoutePlan | null>(null);
  const [key, setKey] = useState("");
  const [sent, setSent] = useState("");
  const [open, setOpen] = useState(false);
  const [repeats, setRepeats] = useState(false);
  const look = useAction();
  const send = useAction();
  const terms = JSON.stringify(spec);
  // Other terms are another route.
  useEffect(() => {
    setPlan(null);
    setSent("");
    setRepeats(false);
    look.reset();
    send.reset();
  }, [terms]);
  // A plan is as old as its books.
  useEffect(() => {
    if (plan === null || sent !== "") return undefined;
    const timer = setTimeout(() => setPlan(null), kReviewMs);
    return () => clearTimeout(timer);
  }, [plan, sent]);
  const preview = () =>
    look.run(async () => {
      setRepeats(false);
      send.reset();
      const answer = await post<{ plan: RoutePlan }>(`${kPath}/plan`, { spec });
      setKey(newKey("route"));
      setSent("");
      setPlan(answer.plan);
    });
  const execute = () =>
    send.run(async () => {
      try {
        await post(kPath, { request_id: key, spec, ...(repeats ? { confirm_duplicate: true } : {}) }, { "Idempotency-Key": key });
      } catch (problem) {
        if (problem instanceof ApiError && looksLikeRepeat(problem)) {
          setRepeats(true);
          setKey(newKey("route"));
        }
        throw problem;
      }
      setSent(key);
      setPlan(null);
      setRepeats(false);
      notify("done", `The route of ${spec.quantity} ${spec.symbol} is sent`);
    });
  const whole = plan !== null && (plan.legs?.length ?? 0) > 0 && decimal.isZero(plan.unplaced_quantity);
  return (
    <>
      <button type="button" className="button small" data-action="compare" disabled={disabled || look.busy} onClick={() => { setOpen(true); preview(); }}>Compare venues…</button>
      {open && (
        <Dialog title={`${spec.side === "SIDE_BUY" ? "Buy" : "Sell"} ${spec.quantity} ${spec.symbol} where it is cheapest`} onClose={() => setOpen(false)} wide>
          <p className="field-hint">What each venue would cost with its fees, and the cheapest split. It is sent as limit orders that do not rest; what they leave is planned again for ten seconds.</p>
          {look.error !== null && <Failure error={look.error} />}
          {plan && <PlanTable plan={plan} side={spec.side} />}
          {!plan && sent === "" && look.error === null && <p className="muted">{look.busy ? "Asking the venues…" : "The plan is older than ten seconds. Plan again with current books."}</p>}
          {send.error !== null && <Failure error={send.error} />}
          {sent !== "" && <RouteProgress id={sent} />}
          <div className="dialog-actions">
            <button type="button" className="button" disabled={disabled || look.busy} onClick={preview}>{look.busy ? "Planning…" : "Plan again"}</button>
            <button type="button" data-action="route" className={`button place ${spec.side === "SIDE_BUY" ? "buy" : "sell"}`} disabled={disabled || send.busy || !whole} onClick={execute}>
              {send.busy ? "Sending…" : repeats ? "Send it again" : (plan?.legs?.length ?? 0) > 1 ? `Send these ${plan?.legs?.length} legs` : "Send it there"}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
