import type { ReactNode } from "react";
import { get } from "../api/client";
import type { Explained, ExplainedStep } from "../api/types";
import * as decimal from "../lib/decimal";
import { elapsed, guardWord, nearestWords, originWord, stepTone } from "../lib/order_story";
import { bare, sentence, word } from "../lib/words";
import { showOnChart, useModel } from "../state/store";
import { Failure, ModeBadge, Moment, Panel, Pnl, Price, showCheck, SideWord, State, useFetched } from "../ui/parts";
import { Quality } from "../ui/quality";
import { OrderActions, OrderState } from "./orders";

/** One station of an order's way. */
function Station({ title, tone, meta, children }: { title: string; tone: string; meta?: ReactNode; children: ReactNode }) {
  return (
    <li className={`station tone-${tone}`}>
      <div className="station-head">
        <h3>{title}</h3>
        {meta !== undefined && <span className="muted">{meta}</span>}
      </div>
      <div className="station-body">{children}</div>
    </li>
  );
}

function Origin({ told }: { told: Explained }) {
  const origin = told.origin;
  const decision = origin?.decision;
  const inputs = Object.entries(decision?.inputs ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return (
    <Station title="Wanted" tone="quiet" meta={<Moment at={origin?.request_time} />}>
      <p>
        {originWord(told)}
        {origin?.actor && <> · <strong>{origin.actor}</strong></>}
        {origin?.deployment_id && <> · <a href="#/deployments">{origin.deployment_id}</a></>}
        {origin?.reason && <> · {sentence(origin.reason)}</>}
      </p>
      {decision && (
        <>
          <p>
            Decision {String(decision.sequence)}: <strong>{sentence(decision.action).toLowerCase()}</strong> on the bar of <Moment at={decision.bar_time} />. {decision.reason}
          </p>
          {inputs.length > 0 && (
            <dl className="story-inputs">
              {inputs.map(([name, value]) => (
                <div key={name}>
                  <dt>{sentence(name)}</dt>
                  <dd className="number">{decimal.parse(value) === null ? value : decimal.format(value)}</dd>
                </div>
              ))}
            </dl>
          )}
        </>
      )}
    </Station>
  );
}

function Verdict({ told }: { told: Explained }) {
  const verdict = told.verdict;
  const checks = verdict?.checks ?? [];
  const passed = checks.filter((c) => c.passed).length;
  const byRisk = verdict?.refused_by === "ORDER_GUARD_RISK";
  const refusedHere = verdict?.refused && verdict.refused_by !== "ORDER_GUARD_VENUE" && verdict.refused_by !== "ORDER_GUARD_BROKER_GATEWAY";
  const nearest = nearestWords(verdict?.nearest ?? []);
  return (
    <Station title={refusedHere ? "Refused" : "Checked"} tone={refusedHere ? "bad" : checks.length > 0 ? "good" : "quiet"} meta={checks.length > 0 ? `${passed} of ${checks.length} passed` : undefined}>
      {verdict?.unchecked && <p className="muted">{verdict.unchecked}</p>}
      {verdict?.refused && (
        <div className="refusal">
          <p>
            Refused by {guardWord(verdict.refused_by)}: {verdict.rejection?.message}
          </p>
          {nearest.map((line) => <p key={line} className="strong">{line}</p>)}
          <code>{[verdict.rejection?.reason, verdict.rejection?.check, verdict.rejection?.observed && `observed ${verdict.rejection.observed}`, verdict.rejection?.limit && `limit ${verdict.rejection.limit}`].filter(Boolean).join(" · ")}</code>
        </div>
      )}
      {checks.length > 0 && (
        <details open={byRisk}>
          <summary>{byRisk ? "The checks up to the refusal, in order" : `All ${checks.length} checks, in order`}: after / limit, and used before</summary>
          <ol className="checks story-checks">
            {checks.map((check, i) => (
              <li key={`${check.name}-${i}`} className={check.passed ? "pass" : "fail"}>
                <span>{sentence(check.name)}</span>
                <span className="number">
                  {showCheck(check)}
                  {check.used && check.used !== check.after && <small className="muted"> used {decimal.parse(check.used) === null ? check.used : decimal.format(check.used)}</small>}
                </span>
              </li>
            ))}
          </ol>
        </details>
      )}
    </Station>
  );
}

function Route({ told }: { told: Explained }) {
  const route = told.route;
  const order = told.order;
  return (
    <Station title={route?.sent ? "Routed" : "Not sent"} tone={route?.sent ? "good" : "quiet"} meta={route?.support ? word(route.support, "SUPPORT_") : undefined}>
      <p>
        Account <strong>{route?.account_id}</strong> at <strong>{route?.broker || "a broker nobody knows"}</strong>
        {route?.broker_order_id && <> as <code>{route.broker_order_id}</code></>}. {route?.why}
        {order.post_only && " It only rests."}
        {order.reduce_only && " It only reduces the position."}
      </p>
    </Station>
  );
}

function Step({ step, last }: { step: ExplainedStep; last: boolean }) {
  return (
    <li className={`tone-${stepTone(step.type)}`} aria-current={last ? "step" : undefined}>
      <div className="row">
        <strong>{step.title}</strong>
        <span className="muted number">
          <Moment at={step.event_time} />
          {elapsed(step.since_previous_ns) && <small> {elapsed(step.since_previous_ns)}</small>}
        </span>
      </div>
      {(step.changes ?? []).map((change) => <div key={change} className="strong">{change}</div>)}
      {step.rejection?.message && <div>{step.rejection.message}</div>}
      <div className="muted">
        {step.detail && <>{step.detail.replace(/\.$/, "")} · </>}
        {word(step.status, "ORDER_STATUS_")} · {step.actor || "system"} · event {String(step.sequence)}
      </div>
    </li>
  );
}

function Result({ told }: { told: Explained }) {
  const fills = told.fills ?? [];
  const result = told.result;
  if (fills.length === 0) return null;
  const fees = Object.entries(result?.fees ?? {});
  return (
    <Station title="Made" tone="good" meta={`${fills.length} fill${fills.length === 1 ? "" : "s"}`}>
      <dl className="story-inputs">
        <div><dt>Filled</dt><dd className="number">{decimal.format(result?.quantity)}</dd></div>
        <div><dt>Average</dt><dd><Price value={result?.average_price} symbol={told.order.symbol} /></dd></div>
        <div><dt>Worth</dt><dd className="number">{decimal.formatMoney(result?.notional)} {result?.currency}</dd></div>
        {fees.map(([currency, fee]) => <div key={currency}><dt>Fees</dt><dd className="number">{decimal.format(fee)} {currency}</dd></div>)}
        <div><dt>Realised, before fees</dt><dd>{result?.realised_pnl ? <Pnl value={result.realised_pnl} /> : <span className="muted">not known</span>}</dd></div>
        <div><dt>Realised, after fees</dt><dd>{result?.net_pnl ? <Pnl value={result.net_pnl} /> : <span className="muted">not known</span>}</dd></div>
      </dl>
      <Quality query={`order_id=${encodeURIComponent(told.order.order_id)}`} symbol={told.order.symbol} />
      <ul className="story-fills">
        {fills.map(({ fill, unrealised_because }) => (
          <li key={fill.execution_id}>
            <div className="row spread-row">
              <span className="number strong">{decimal.format(fill.quantity)} @ {decimal.format(fill.price)}</span>
              <span>{fill.realised_pnl ? <Pnl value={fill.realised_pnl} /> : <small className="muted">{unrealised_because}</small>}</span>
            </div>
            <div className="muted">
              <Moment at={fill.transact_time} /> · fee {decimal.format(fill.fee)} {fill.fee_currency} · {fill.maker ? "maker" : "taker"} · book {fill.deployment_id || "by hand"} · <code>{fill.execution_id}</code>
            </div>
          </li>
        ))}
      </ul>
    </Station>
  );
}

function Links({ told }: { told: Explained }) {
  const links = told.links ?? [];
  if (links.length === 0) return null;
  const list = told.order.list;
  return (
    <Panel title={list ? `${bare(list.contingency_type, "CONTINGENCY_TYPE_")} · ${list.index} of ${list.size}` : "Its venue was down"}>
      <ul className="story-links">
        {links.map((link) => (
          <li key={link.order_id || link.place?.index}>
            <span className="muted">{sentence(link.relation)} {link.place?.index ?? link.order?.account_id}</span>
            {link.order ? (
              <a href={`#/orders/${encodeURIComponent(link.order_id)}`}>
                {bare(link.order.side, "SIDE_")} {decimal.format(link.order.quantity)} {word(link.order.type, "ORDER_TYPE_").toLowerCase()} {decimal.format(link.order.limit_price || link.order.stop_price || "")}
              </a>
            ) : (
              <span className="muted">never made</span>
            )}
            {link.order && <State name={link.order.status} prefix="ORDER_STATUS_" />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Why an order is what it is: wanted, checked, routed, what happened, what it made. */
export function OrderView({ orderId, tab }: { orderId: string; tab: string }) {
  const known = useModel((m) => m.orders[orderId]);
  const { data, error, reload } = useFetched(() => get<Explained>(`/api/live/orders/${encodeURIComponent(orderId)}/explain`), [orderId, known?.sequence]);
  // The last answer may be about the order that was looked at before.
  const told = data && data.order.order_id === orderId ? data : null;
  const order = known ?? told?.order ?? null;
  const steps = told?.steps ?? [];
  const gaps = told?.gaps ?? [];
  const time = told?.fills?.[0]?.fill.transact_time ?? order?.create_time ?? "";
  return (
    <>
      <nav aria-label="Back" className="crumbs"><a href={`#/orders?tab=${encodeURIComponent(tab)}`}>← All orders</a></nav>
      <header className="story-head">
        <div>
          <h1>{order ? <><SideWord side={order.side} /> {decimal.format(order.quantity)} {order.symbol}</> : "Order"}</h1>
          {told && <p className="muted">{told.summary}</p>}
        </div>
        {order && (
          <div className="row">
            <OrderState order={order} />
            <ModeBadge mode={order.mode} long={false} />
            <OrderActions order={order} />
            <button type="button" className="button small" onClick={() => showOnChart(order.symbol, time, `${bare(order.side, "SIDE_")} ${decimal.format(order.quantity)}`)}>Show on the chart</button>
          </div>
        )}
      </header>
      {error !== null && !told && <Failure error={error} retry={reload} />}
      {!told && error === null && <p className="loading" role="status">Reading the log…</p>}
      {told && order && (
        <div className="with-side">
          <Panel title="Its way" meta={`${steps.length} event${steps.length === 1 ? "" : "s"}`} live={false}>
            <ol className="stations">
              <Origin told={told} />
              <Verdict told={told} />
              <Route told={told} />
              <Station title="What happened" tone={order.rejection?.message ? "warn" : "quiet"} meta={steps.length > 1 ? "each stored before anybody was told" : undefined}>
                <ol className="timeline story-steps">
                  {steps.map((step, i) => <Step key={String(step.sequence)} step={step} last={i === steps.length - 1} />)}
                </ol>
              </Station>
              <Result told={told} />
            </ol>
            {gaps.length > 0 && (
              <div className="story-gaps">
                <h3>Not known</h3>
                <ul>{gaps.map((gap) => <li key={gap}>{gap}</li>)}</ul>
              </div>
            )}
          </Panel>
          <div className="stack side">
            <Panel title="Terms" live={false}>
              <dl className="facts">
                <div><dt>Type</dt><dd>{word(order.type, "ORDER_TYPE_")} · {bare(order.time_in_force, "TIME_IN_FORCE_")}</dd></div>
                <div><dt>Filled</dt><dd className="number">{decimal.format(order.cumulative_quantity)} of {decimal.format(order.quantity)}</dd></div>
                {order.requested_quantity && <div><dt>Asked for</dt><dd className="number">{decimal.format(order.requested_quantity)}, made smaller</dd></div>}
                <div><dt>Limit</dt><dd><Price value={order.limit_price} symbol={order.symbol} /></dd></div>
                <div><dt>Stop</dt><dd><Price value={order.stop_price} symbol={order.symbol} /></dd></div>
                <div><dt>Confirmed</dt><dd><Moment at={told.result?.accept_time} /></dd></div>
                <div><dt>First fill</dt><dd><Moment at={told.result?.first_fill_time} /></dd></div>
                <div><dt>Last fill</dt><dd><Moment at={told.result?.last_fill_time} /></dd></div>
                <div><dt>Order id</dt><dd><code>{order.order_id}</code></dd></div>
                <div><dt>Request id</dt><dd><code>{order.request_id || "–"}</code></dd></div>
                <div><dt>Broker id</dt><dd><code>{order.broker_order_id || "–"}</code></dd></div>
              </dl>
            </Panel>
            <Links told={told} />
          </div>
        </div>
      )}
    </>
  );
}
