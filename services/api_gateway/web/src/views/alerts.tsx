import { useMemo } from "react";
import type { Alert } from "../api/types";
import { bare, word } from "../lib/words";
import { acknowledgeAlert, notify, useModel } from "../state/store";
import { explain } from "../api/client";
import { Age, Empty, Moment, Panel, State, useAction } from "../ui/parts";
import { setQuery, useRoute } from "../ui/route";

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
        {!short && alert.text && <p>{alert.text}</p>}
        <p className="muted">
          {word(alert.type, "ALERT_TYPE_")}
          {alert.symbol && ` · ${alert.symbol}`}
          {" · "}
          {short ? <><Age since={alert.last_time} market /> ago</> : <Moment at={alert.last_time} />}
          {alert.order_id && <> · <a href={`#/orders?tab=all&order=${encodeURIComponent(alert.order_id)}`}>order</a></>}
          {alert.deployment_id && <> · <a href={`#/deployments?id=${encodeURIComponent(alert.deployment_id)}`}>{alert.deployment_id}</a></>}
          {alert.acknowledged && <> · seen by {alert.acknowledged_by || "you"}</>}
        </p>
      </div>
      {!alert.acknowledged && <button type="button" className="button small" disabled={busy} onClick={acknowledge} aria-label={`Acknowledge ${alert.title}`}>Ack</button>}
    </li>
  );
}

export function AlertList({ alerts, short = false }: { alerts: readonly Alert[]; short?: boolean }) {
  if (alerts.length === 0) return <Empty title="No alerts">Refusals, lost connections and limits near their end are reported here.</Empty>;
  return <ul className="alerts">{alerts.map((a) => <AlertRow key={String(a.alert_id)} alert={a} short={short} />)}</ul>;
}

export function AlertsView() {
  const { query } = useRoute();
  const onlyNew = query.get("show") !== "all";
  const alerts = useModel((m) => m.alerts);
  const sorted = useMemo(() => Object.values(alerts).sort((a, b) => Date.parse(b.last_time) - Date.parse(a.last_time)), [alerts]);
  const open = sorted.filter((a) => !a.acknowledged);
  return (
    <Panel title="Alerts">
      <div className="tabs" role="tablist" aria-label="Alerts">
        <button type="button" role="tab" aria-selected={onlyNew} className={onlyNew ? "on" : ""} onClick={() => setQuery("show", "")}>New <span className="count">{open.length}</span></button>
        <button type="button" role="tab" aria-selected={!onlyNew} className={onlyNew ? "" : "on"} onClick={() => setQuery("show", "all")}>All <span className="count">{sorted.length}</span></button>
      </div>
      {onlyNew && open.length === 0 && sorted.length > 0 ? <Empty title="Everything is acknowledged" /> : <AlertList alerts={onlyNew ? open : sorted.slice(0, 200)} />}
    </Panel>
  );
}
