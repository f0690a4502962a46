import { kWorking } from "../api/types";
import { useOldest } from "../ui/freshness";
import { EquityChart, PriceChart } from "../ui/charts";
import { Empty, Panel } from "../ui/parts";
import { OrderTicket } from "../ui/ticket";
import { AlertList, useAlerts } from "./alerts";
import { DeploymentCards, isOver, useDeployments } from "./deployments";
import { OrdersTable, useOrders } from "./orders";
import { PositionsTable, positionsMeta, usePositions } from "./positions";

export function OverviewView() {
  const deployments = useDeployments();
  const running = deployments.filter((d) => !isOver(d));
  const positions = usePositions();
  const orders = useOrders();
  const working = orders.filter((o) => kWorking.has(o.status));
  const latest = useAlerts().mine.slice(0, 6);
  const old = useOldest(positions.map((p) => p.symbol));
  return (
    <div className="with-side">
      <div className="stack">
        <h1 className="visually-hidden">Overview</h1>
        {running.length > 0 ? (
          <DeploymentCards deployments={running} />
        ) : (
          <Panel title="Deployments" live={false}>
            <Empty title="Nothing is deployed yet">
              <a className="button primary" href="#/deployments?deploy=1">Deploy a strategy…</a> <a className="button" href="#/trade">Trade by hand</a>
            </Empty>
          </Panel>
        )}
        <PriceChart />
        <Panel title="Open positions" meta={positionsMeta(positions)} old={old}><PositionsTable brief /></Panel>
        <Panel title="Working orders" meta={String(working.length)} actions={<a className="button small" href="#/orders?tab=all">All orders</a>}>
          <OrdersTable label="Working orders" orders={working.slice(0, 20)} empty={<Empty title="No working orders" />} />
        </Panel>
        <div className="two-up">
          <EquityChart />
          <Panel title="Last alerts" actions={<a className="button small" href="#/alerts">All alerts</a>}><AlertList alerts={latest} short /></Panel>
        </div>
      </div>
      <aside className="side"><OrderTicket /></aside>
    </div>
  );
}
