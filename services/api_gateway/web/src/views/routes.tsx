import { useMemo, useState } from "react";
import { get } from "../api/client";
import { routeWords, type Route } from "../lib/routing";
import { Dialog, Empty, Failure, Moment, Panel, Price, Quantity, SideWord, State, useFetched } from "../ui/parts";
import { CancelRoute, PlanTable, RouteProgress } from "../ui/route_plan";
import { Table, type Column } from "../ui/table";

/** Orders that were split over venues, newest first; each with the plan it was sent by. */
export function RoutesPanel() {
  const list = useFetched(() => get<{ routes?: Route[] }>("/api/live/routes?page_size=50"), [], 2000);
  const [open, setOpen] = useState("");
  const columns = useMemo(
    (): readonly Column<Route>[] => [
      { key: "time", label: "Sent", cell: (r) => <Moment at={r.create_time} /> },
      { key: "symbol", label: "Symbol", cell: (r) => r.spec.symbol },
      { key: "side", label: "Side", cell: (r) => <SideWord side={r.spec.side} /> },
      { key: "quantity", label: "Quantity", end: true, cell: (r) => <Quantity value={r.spec.quantity} /> },
      { key: "filled", label: "Filled", end: true, cell: (r) => <Quantity value={r.filled_quantity} /> },
      { key: "average", label: "Average", end: true, wideOnly: true, cell: (r) => <Price value={r.average_price} symbol={r.spec.symbol} /> },
      { key: "legs", label: "Legs", end: true, cell: (r) => r.legs?.length ?? 0 },
      { key: "state", label: "State", cell: (r) => <State name={r.state} prefix="ROUTE_STATE_" /> },
      { key: "why", label: "Why", wideOnly: true, cell: (r) => <span className="clip" title={routeWords(r)}>{r.note ?? ""}</span> },
      { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (r) => <CancelRoute route={r} reload={list.reload} /> },
    ],
    [],
  );
  return (
    <Panel title="Routes" meta="one order over several venues, planned by what it costs in all" live={false}>
      {list.error !== null && <Failure error={list.error} retry={list.reload} />}
      <Table
        label="Routes"
        columns={columns}
        rows={list.data?.routes ?? []}
        rowKey={(r) => r.request_id}
        onOpen={(r) => setOpen(r.request_id)}
        empty={list.data ? <Empty title="No order was routed yet">With accounts at two venues the ticket compares them.</Empty> : <Empty title="Reading…" />}
      />
      {open !== "" && <RouteDrawer id={open} onClose={() => setOpen("")} />}
    </Panel>
  );
}

function RouteDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const one = useFetched(() => get<{ route: Route }>(`/api/live/routes/${encodeURIComponent(id)}`), [id]);
  const route = one.data?.route;
  return (
    <Dialog title={route ? `Route · ${route.spec.symbol}` : "Route"} onClose={onClose} wide drawer>
      {one.error !== null && <Failure error={one.error} retry={one.reload} />}
      <RouteProgress id={id} />
      {route && <h3>As it was planned</h3>}
      {route && <PlanTable plan={route.plan} side={route.spec.side} />}
    </Dialog>
  );
}
