import { useMemo } from "react";
import type { Alert } from "../api/types";
import { bare, word } from "../lib/words";
import { acknowledgeAlert, acknowledgeAll, notify, useModel, useStore } from "../state/store";
import { explain } from "../api/client";
import { Age, Empty, Failure, Moment, Panel, State, useAction } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";
import { Tabs } from "../ui/tabs";

function AlertRow({ alert, short }: { alert: Alert; short: boolean }) {
  const { busy, run } = useAction();
  const acknowledge = () =>
    run(async () => {
      try {
        await acknowledgeAlert(alert);
      } catch (error) {
        const { message, reason } = explain(error);
        notify("failed", message, reason);
      }
    });
  return (
    <li className={`alert-row level-${bare(alert.level, "ALERT_LEVEL_").toLowerCase()} ${alert.acknowledged ? "is-done" : ""}`}>
      <div className="alert-main">
        <div className="row">
          <State name={alert.level} prefix="ALERT_LEVEL_" />
          <strong>{alert.title}</strong>
          {Number(alert.count) > 1 && <span className="count">×{String(alert.count)}</span>}
        </div>
        {!short && alert.text && <p>{Number(alert.count) > 1 && <span className="muted">The last of {String(alert.count)} since <Moment at={alert.first_time} />: </span>}{alert.text}</p>}
        <p className="muted">
          {word(alert.type, "ALERT_TYPE_")}
          {alert.account_id && ` · ${alert.account_id}`}
          {alert.symbol && ` · ${alert.symbol}`}
          {" · "}
          {short ? <><Age since={alert.last_time} market /> ago</> : <Moment at={alert.last_time} />}
          {alert.order_id && <> · <a href={`#/orders/${encodeURIComponent(alert.order_id)}`}>order</a></>}
          {alert.deployment_id && <> · <a href={`#/deployments?id=${encodeURIComponent(alert.deployment_id)}`}>{alert.deployment_id}</a></>}
          {alert.acknowledged && <> · seen by {alert.acknowledged_by || "you"}</>}
        </p>
      </div>
      {!alert.acknowledged && <button type="button" className="button small" disabled={busy} onClick={acknowledge}>Acknowledge<span className="visually-hidden"> {alert.title}</span></button>}
    </li>
  );
}

export function AlertList({ alerts, short = false }: { alerts: readonly Alert[]; short?: boolean }) {
  if (alerts.length === 0) return <Empty title="No alerts">Refusals, lost connections and limits near their end are reported here.</Empty>;
  return <ul className="alerts">{alerts.map((a) => <AlertRow key={String(a.alert_id)} alert={a} short={short} />)}</ul>;
}

/** This account's alerts and those about the whole suite, newest first. */
export function useAlerts(): { mine: Alert[]; others: Alert[] } {
  const alerts = useModel((m) => m.alerts);
  const accountId = useStore((s) => s.accountId);
  return useMemo(() => {
    const sorted = Object.values(alerts).sort((a, b) => Date.parse(b.last_time) - Date.parse(a.last_time));
    const isMine = (a: Alert) => !a.account_id || a.account_id === accountId;
    return { mine: sorted.filter(isMine), others: sorted.filter((a) => !isMine(a)) };
  }, [alerts, accountId]);
}

export function AlertsView() {
  const { query } = useRoute();
  const show = query.get("show") ?? "new";
  const { mine, others } = useAlerts();
  const { busy, error, run } = useAction();
  const open = mine.filter((a) => !a.acknowledged);
  const shown = show === "all" ? mine.slice(0, 200) : show === "others" ? others.slice(0, 200) : open;
  const waiting = shown.filter((a) => !a.acknowledged);
  return (
    <>
      <h1 className="visually-hidden">Alerts</h1>
      <Panel
        title="Alerts"
        actions={
          <button type="button" className="button small" disabled={busy || waiting.length === 0} onClick={() => run(async () => { await acknowledgeAll(waiting); notify("done", `${waiting.length} alerts acknowledged`); })}>
            {busy ? "Acknowledging…" : `Acknowledge all${waiting.length > 0 ? ` ${waiting.length}` : ""}`}
          </button>
        }
      >
        {error !== null && <Failure error={error} />}
        <Tabs label="Alerts" selected={show} onSelect={(name) => setQuery("show", name === "new" ? "" : name)} tabs={[{ name: "new", label: "New", count: open.length }, { name: "all", label: "All", count: mine.length }, { name: "others", label: "Other accounts", count: others.length }]} />
        {show === "new" && open.length === 0 && mine.length > 0 ? <Empty title="Everything is acknowledged" /> : <AlertList alerts={shown} />}
      </Panel>
    </>
  );
}
