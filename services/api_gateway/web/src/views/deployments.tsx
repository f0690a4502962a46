import { useMemo, useState } from "react";
import { get, post } from "../api/client";
import type { Book, Decision, Deployment, Order, Prerequisite } from "../api/types";
import * as decimal from "../lib/decimal";
import { externalBadge } from "../lib/external";
import { sentence } from "../lib/words";
import { notify, selectAccount, showDeployment, useModel, useStore } from "../state/store";
import { DeployDialog } from "../ui/deploy_dialog";
import { Age, Dialog, Empty, Failure, Meter, ModeBadge, Moment, Panel, percent, Pnl, Stat, State, useAction, useFetched } from "../ui/parts";
import { PermissionPill } from "../ui/permission";
import { SettingsDialog } from "../ui/settings_dialog";
import { setQuery, useRoute } from "../ui/route";
import { Table, type Column } from "../ui/table";
import { OrdersTable } from "./orders";

export function useDeployments(): Deployment[] {
  const deployments = useModel((m) => m.deployments);
  const accountId = useStore((s) => s.accountId);
  return useMemo(() => {
    const rank = (d: Deployment) => (d.status === "DEPLOYMENT_STATUS_STOPPED" ? 1 : 0);
    return Object.values(deployments)
      .filter((d) => d.spec.account_id === accountId)
      .sort((a, b) => rank(a) - rank(b) || Date.parse(a.create_time) - Date.parse(b.create_time) || a.deployment_id.localeCompare(b.deployment_id));
  }, [deployments, accountId]);
}

export const isOver = (d: Deployment) => d.status === "DEPLOYMENT_STATUS_STOPPED";

/** Money per money of the account's opening cash, for the small per cent beside a figure. */
function shareOf(value: string | undefined, base: string | undefined): string | null {
  return value && base ? decimal.divide(value, base, 6) : null;
}

export function DeploymentCard({ deployment, onStop }: { deployment: Deployment; onStop: (d: Deployment) => void }) {
  const { spec } = deployment;
  const book = useModel((m) => m.books[`${spec.account_id}|${deployment.deployment_id}`]) as Book | undefined;
  const opening = useStore((s) => s.model.summaries[spec.account_id]?.opening_cash);
  const drawdownLimit = useStore((s) => s.risks[spec.account_id]?.state.limits?.drawdown_ratio as string | undefined);
  const stale = useStore((s) => s.stale);
  const { busy, error, run } = useAction();
  const external = externalBadge(deployment);
  const status = deployment.status.replace("DEPLOYMENT_STATUS_", "");
  const trades = Number(book?.trades ?? 0);
  const wins = Number(book?.winning_trades ?? 0);
  const drawdown = shareOf(book ? decimal.absolute(book.max_drawdown) : "0", opening) ?? "0";
  const act = (verb: "pause" | "resume" | "start") =>
    run(async () => {
      const answer = await post<{ deployment: Deployment; prerequisites?: Prerequisite[] }>(`/api/trading/${verb}/${encodeURIComponent(deployment.deployment_id)}`);
      if (answer.deployment) showDeployment(answer.deployment);
      const missing = (answer.prerequisites ?? []).filter((p) => !p.passed);
      if (missing.length > 0) throw new Error(`Not started: ${missing.map((p) => p.detail || p.name).join("; ")}`);
      notify("done", `${spec.display_name || spec.strategy_id}: ${verb} done`);
    });
  return (
    <article className={`card ${deployment.mode === "ACCOUNT_MODE_LIVE" ? "card-live" : "card-paper"} ${isOver(deployment) ? "is-over" : ""} ${stale ? "is-stale" : ""}`} aria-label={`Deployment ${spec.display_name || deployment.deployment_id}`}>
      <header className="card-head">
        <h2>{spec.display_name || sentence(spec.strategy_id)}</h2>
        <ModeBadge mode={deployment.mode} pulse={status === "ACTIVE"} />
      </header>
      <p className="card-line">
        <span className="muted">{spec.symbols.join(" ")} · {spec.timeframe}</span>
        <State name={deployment.status} prefix="DEPLOYMENT_STATUS_" />
        {external && !isOver(deployment) && <span className={`state tone-${external.tone}`}>{external.words}</span>}
        {deployment.start_time && !isOver(deployment) && <span className="muted">up <Age since={deployment.start_time} /></span>}
      </p>
      {!isOver(deployment) && <PermissionPill accountId={spec.account_id} />}
      {external?.problem && !isOver(deployment) && <p className="card-reason bad">{external.problem}</p>}
      {deployment.block_text && <p className="card-reason bad">{deployment.block_text}</p>}
      {deployment.status_reason && deployment.status_reason !== deployment.block_text && (
        <p className={`card-reason ${status === "ERROR" ? "bad" : ""}`}>{deployment.status_reason}</p>
      )}
      <div className="card-stats">
        <Stat label="Total P&L"><Pnl value={book?.total_pnl ?? "0"} ratio={shareOf(book?.total_pnl, opening)} /></Stat>
        <Stat label="Today"><Pnl value={book?.day_pnl ?? "0"} ratio={shareOf(book?.day_pnl, opening)} /></Stat>
        <Stat label="Trades · win rate" hint={trades > 0 ? `${wins} of ${trades} closed trades won` : "No trade closed yet"}>
          <span className="number">{trades} · {trades > 0 ? `${((100 * wins) / trades).toFixed(1)}%` : "–"}</span>
        </Stat>
        <Stat label="Open positions"><span className="number">{book?.open_positions ?? deployment.open_positions} / {spec.max_open_positions || "–"}</span></Stat>
      </div>
      <p className="card-drawdown">
        <span className="muted" title="Worst fall from its peak, as a share of the account's opening cash">Drawdown {decimal.formatRatio(drawdown)}{drawdownLimit ? ` of ${decimal.formatRatio(drawdownLimit, 0)}` : ""}</span>
        <Meter label="Worst drawdown against its limit" ratio={decimal.toNumber(drawdown) / (decimal.toNumber(drawdownLimit ?? "") || 0.05)} />
      </p>
      <p className="card-signal muted">
        {deployment.last_signal ? <>{sentence(deployment.last_signal)} <Age since={deployment.last_signal_time} market /> ago</> : "No signal yet"}
      </p>
      {error !== null && <Failure error={error} />}
      <footer className="card-actions">
        <a className="button small" href={`#/deployments?id=${encodeURIComponent(deployment.deployment_id)}`}>Details</a>
        {status === "ACTIVE" && <button type="button" className="button small" disabled={busy} title="No new entries; exits go on" onClick={() => act("pause")}>Pause entries</button>}
        {status === "PAUSED" && <button type="button" className="button small" disabled={busy} onClick={() => act("resume")}>Resume</button>}
        {(status === "CREATED" || status === "STOPPED") && <button type="button" className="button small" disabled={busy} onClick={() => act("start")}>{status === "STOPPED" ? "Start again" : "Start"}</button>}
        {!isOver(deployment) && <button type="button" className="button small danger push" disabled={status === "STOPPING"} onClick={() => onStop(deployment)}>{status === "STOPPING" ? "Stopping…" : "Stop…"}</button>}
      </footer>
    </article>
  );
}

export function DeploymentCards({ deployments }: { deployments: readonly Deployment[] }) {
  const [stopping, setStopping] = useState<Deployment | null>(null);
  return (
    <>
      <div className="cards">
        {deployments.map((d) => <DeploymentCard key={d.deployment_id} deployment={d} onStop={setStopping} />)}
      </div>
      {stopping && <StopDialog deployment={stopping} onClose={() => setStopping(null)} />}
    </>
  );
}

function StopDialog({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const [choice, setChoice] = useState<"" | "close" | "keep">("");
  const { busy, error, run } = useAction();
  const name = deployment.spec.display_name || deployment.deployment_id;
  return (
    <Dialog title={`Stop ${name}`} onClose={onClose}>
      <p>
        <ModeBadge mode={deployment.mode} /> It has {deployment.open_positions} open position{deployment.open_positions === 1 ? "" : "s"}. What shall happen to them?
      </p>
      <div className="choices" role="radiogroup" aria-label="Open positions">
        <label className={`choice ${choice === "close" ? "on" : ""}`}>
          <input type="radio" name="stop" checked={choice === "close"} onChange={() => setChoice("close")} />
          <span><strong>Close at market, then stop</strong><small>Its working orders are cancelled and its positions are sold or bought back now.</small></span>
        </label>
        <label className={`choice ${choice === "keep" ? "on" : ""}`}>
          <input type="radio" name="stop" checked={choice === "keep"} onChange={() => setChoice("keep")} />
          <span><strong>Stop and keep the positions</strong><small>You manage them by hand from now on; nothing watches their stops.</small></span>
        </label>
      </div>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Let it run</button>
        <button
          type="button"
          className="button danger-solid"
          disabled={busy || choice === ""}
          onClick={() =>
            run(async () => {
              const answer = await post<{ deployment: Deployment }>(`/api/trading/stop/${encodeURIComponent(deployment.deployment_id)}`, { close_positions: choice === "close" });
              if (answer.deployment) showDeployment(answer.deployment);
              notify("done", `${name} is stopping`);
              onClose();
            })
          }
        >
          {busy ? "Stopping…" : "Stop deployment"}
        </button>
      </div>
    </Dialog>
  );
}

/** Figures of a decision to read at a glance; all digits are in the hover and in the answer of the API. */
function Inputs({ decision }: { decision: Decision }) {
  const entries = Object.entries(decision.inputs ?? {});
  return <span className="muted inputs" title={entries.map(([k, v]) => `${k} ${v}`).join("\n")}>{entries.map(([k, v]) => <span key={k} className="number">{sentence(k)} {decimal.parse(v) === null ? v : decimal.format(decimal.significant(v, 6))}</span>)}</span>;
}

function Outcome({ decision }: { decision: Decision }) {
  const order = useModel((m) => m.orders[decision.order_id]);
  if (!decision.order_id) return <span className="wrap">{sentence(decision.outcome || "–")}</span>;
  return <a className="wrap" href={`#/orders/${encodeURIComponent(decision.order_id)}`}>{order ? <State name={order.status} prefix="ORDER_STATUS_" /> : sentence(decision.outcome || "order")}{order?.rejection?.message && <small className="muted"> {order.rejection.message}</small>}</a>;
}

// The outcome stands before the figures: it is what is looked for, and must not leave the screen.
const kDecisionColumns: readonly Column<Decision>[] = [
  { key: "time", label: "Bar", cell: (d) => <Moment at={d.bar_time} /> },
  { key: "symbol", label: "Symbol", cell: (d) => d.symbol },
  { key: "action", label: "Decision", cell: (d) => <span className={d.action.startsWith("enter") ? "up" : d.action.startsWith("exit") ? "down" : "muted"}>{sentence(d.action)}</span> },
  { key: "outcome", label: "Outcome", cell: (d) => <Outcome decision={d} /> },
  { key: "reason", label: "Why", wideOnly: true, cell: (d) => <span className="wrap">{d.reason}</span> },
  { key: "inputs", label: "Inputs", wideOnly: true, cell: (d) => <Inputs decision={d} /> },
];

function Detail({ deploymentId }: { deploymentId: string }) {
  const deployment = useModel((m) => m.deployments[deploymentId]);
  const selected = useStore((s) => s.accountId);
  const [changing, setChanging] = useState(false);
  const streamed = useModel((m) => m.decisions);
  const allOrders = useModel((m) => m.orders);
  const { data, error, reload } = useFetched(() => get<{ decisions?: Decision[] }>(`/api/trading/decisions/${encodeURIComponent(deploymentId)}?page_size=100`), [deploymentId]);
  const decisions = useMemo(() => {
    const rows = new Map<string, Decision>();
    for (const d of [...(data?.decisions ?? []), ...Object.values(streamed).filter((d) => d.deployment_id === deploymentId)]) rows.set(String(d.sequence), d);
    return [...rows.values()].sort((a, b) => Number(b.sequence) - Number(a.sequence)).slice(0, 200);
  }, [data, streamed, deploymentId]);
  const orders = useMemo(() => Object.values(allOrders).filter((o: Order) => o.deployment_id === deploymentId).sort((a, b) => Date.parse(b.create_time) - Date.parse(a.create_time)).slice(0, 50), [allOrders, deploymentId]);
  if (!deployment) return <Empty title="No such deployment"><a href="#/deployments">All deployments</a></Empty>;
  const { spec } = deployment;
  // A link may lead to another account's deployment: its figures are shown with that account's, not with this one's.
  if (spec.account_id !== selected)
    return (
      <Empty title={`${deploymentId} belongs to account ${spec.account_id}`}>
        <button type="button" className="button primary" onClick={() => selectAccount(spec.account_id)}>Look at {spec.account_id}</button> <a className="button" href="#/deployments">Deployments of {selected}</a>
      </Empty>
    );
  return (
    <>
      <h1 className="visually-hidden">Deployment {spec.display_name || deploymentId}</h1>
      <p><a href="#/deployments">← All deployments</a></p>
      <DeploymentCards deployments={[deployment]} />
      <Panel title="Settings" live={false} actions={<button type="button" className="button small" disabled={deployment.status === "DEPLOYMENT_STATUS_STOPPING"} onClick={() => setChanging(true)}>Change settings…</button>}>
        <dl className="facts two">
          <div><dt>Strategy</dt><dd>{spec.strategy_id}</dd></div>
          <div><dt>Parameters</dt><dd className="number">{Object.entries(spec.parameters ?? {}).map(([k, v]) => `${k} ${v}`).join(" · ") || "–"}</dd></div>
          <div><dt>Position size</dt><dd>{decimal.formatRatio(spec.position_size_ratio)}</dd></div>
          <div><dt>Stop · target</dt><dd>{decimal.formatRatio(spec.stop_loss_ratio)} · {decimal.formatRatio(spec.take_profit_ratio)}</dd></div>
          <div><dt>Daily loss limit</dt><dd>{spec.daily_loss_ratio ? decimal.formatRatio(spec.daily_loss_ratio) : "off"}</dd></div>
          <div><dt>Drawdown limit</dt><dd>{spec.drawdown_ratio ? decimal.formatRatio(spec.drawdown_ratio) : "off"}</dd></div>
          <div><dt>Signals · orders</dt><dd className="number">{String(deployment.signals)} · {String(deployment.orders)}</dd></div>
          <div><dt>Restarts</dt><dd className="number">{String(deployment.restarts)}</dd></div>
          <div><dt>Created</dt><dd><Moment at={deployment.create_time} /></dd></div>
          <div><dt>Short selling</dt><dd>{spec.allow_short ? "allowed" : "not allowed"}</dd></div>
        </dl>
      </Panel>
      <Panel title="Decisions" meta="newest first">
        {error !== null && <Failure error={error} retry={reload} />}
        <Table label="Decisions" columns={kDecisionColumns} rows={decisions} rowKey={(d) => String(d.sequence)} empty={<Empty title="No decision yet">The strategy decides at the end of each {spec.timeframe} bar.</Empty>} />
      </Panel>
      {changing && <SettingsDialog deployment={deployment} onClose={() => setChanging(false)} />}
      <Panel title="Orders of this deployment"><OrdersTable label="Orders of this deployment" orders={orders} empty={<Empty title="No orders yet" />} /></Panel>
    </>
  );
}

export function DeploymentsView() {
  const { query } = useRoute();
  const id = query.get("id");
  const deploying = query.get("deploy") === "1";
  const deployments = useDeployments();
  const running = deployments.filter((d) => !isOver(d));
  const past = deployments.filter(isOver);
  const books = useModel((m) => m.books);
  const total = decimal.sum(deployments.map((d) => books[`${d.spec.account_id}|${d.deployment_id}`]?.total_pnl));
  return (
    <>
      {id ? (
        <Detail deploymentId={id} />
      ) : (
        <>
          <div className="view-head">
            <h1>Deployments</h1>
            <span className="muted">{running.length} running · together <Pnl value={total} /></span>
            <button type="button" className="button primary push" onClick={() => setQuery("deploy", "1")}>Deploy…</button>
          </div>
          {running.length > 0 ? <DeploymentCards deployments={running} /> : <Panel title="Running" live={false}><Empty title="Nothing is deployed"><button type="button" className="button primary" onClick={() => setQuery("deploy", "1")}>Deploy a strategy…</button></Empty></Panel>}
          {past.length > 0 && <><h2 className="section">Past</h2><DeploymentCards deployments={past} /></>}
        </>
      )}
      {deploying && <DeployDialog onClose={() => setQuery("deploy", "")} />}
    </>
  );
}

export const winRate = (wins: number, trades: number) => (trades > 0 ? percent(wins / trades, false) : "–");
