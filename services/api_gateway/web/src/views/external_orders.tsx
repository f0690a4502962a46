import { useRef, useState } from "react";
import { call, post } from "../api/client";
import type { ExternalOrder, ReconciliationStatus } from "../api/types";
import { asks, nameOfHandling, waysOf } from "../lib/reconciliation";
import { newKey } from "../lib/words";
import { notify, useModel } from "../state/store";
import { Dialog, Empty, Failure, Field, useAction } from "../ui/parts";
import { Table, type Column } from "../ui/table";

type Way = "adopt" | "ignore" | "attribute";
interface Choice {
  order: ExternalOrder;
  way: Way;
}

const TITLES: Record<Way, string> = { adopt: "Adopt", ignore: "Ignore", attribute: "Attribute" };
const MEANINGS: Record<Way, string> = {
  adopt: "It is ours from now on, of the book by hand: it can be cancelled and replaced here, and an emergency stop cancels it.",
  ignore: "It is shown and counted in exposure. Nobody here touches it, an emergency stop does not either, and it holds nothing back.",
  attribute: "It is ours, and of a deployment's book: what it has traded moves there by a recorded transfer. The account as a whole does not change.",
};

const text = (order: ExternalOrder) => `${order.side === "SIDE_BUY" ? "buy" : "sell"} ${order.quantity} ${order.symbol}${order.limit_price ? ` at ${order.limit_price}` : ""}`;

const columns = (choose: (choice: Choice) => void): readonly Column<ExternalOrder>[] => [
  { key: "order", label: "Made elsewhere", cell: (o) => <><strong>EXTERNAL</strong> {text(o)}</> },
  { key: "filled", label: "Filled", end: true, wideOnly: true, cell: (o) => <span className="number">{o.cumulative_quantity}</span> },
  { key: "handling", label: "Treated", cell: (o) => <span className={`state tone-${asks(o.handling) ? "warn" : "quiet"}`} title={o.reason}>{nameOfHandling(o.handling)}{o.deployment_id && ` to ${o.deployment_id}`}</span> },
  { key: "by", label: "By", wideOnly: true, cell: (o) => <span className="muted">{o.actor || "–"}</span> },
  {
    key: "actions", label: "Actions", hiddenLabel: true, end: true,
    cell: (o) => (
      <>
        {waysOf(o.handling).map((way) => (
          <button key={way} type="button" className="button small" onClick={() => choose({ order: o, way })}>{TITLES[way]}…<span className="visually-hidden"> {o.order_id}</span></button>
        ))}
      </>
    ),
  },
];

/** Orders and trades that were made elsewhere, what becomes of them, and what becomes of the next one. */
export function ExternalOrders({ accountId, status, orders, reload }: { accountId: string; status: ReconciliationStatus | undefined; orders: ExternalOrder[]; reload: () => void }) {
  const [chosen, setChosen] = useState<Choice | null>(null);
  const [policy, setPolicy] = useState(false);
  const handling = status?.external_policy?.handling;
  return (
    <>
      <p>
        <span className="muted">Orders made elsewhere: </span>
        <span title={status?.external_policy?.reason}>{asks(handling) ? "a person is asked" : nameOfHandling(handling)}</span>{" "}
        <button type="button" className="button small" onClick={() => setPolicy(true)}>Change…<span className="visually-hidden"> what becomes of orders made elsewhere</span></button>
      </p>
      {orders.length > 0 && <Table label="Orders made elsewhere" columns={columns(setChosen)} rows={orders} rowKey={(o) => o.order_id} empty={<Empty title="None" />} />}
      {chosen && <DecideDialog choice={chosen} onClose={() => { setChosen(null); reload(); }} />}
      {policy && <PolicyDialog accountId={accountId} present={handling ?? ""} onClose={() => { setPolicy(false); reload(); }} />}
    </>
  );
}

function Deployments({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const deployments = useModel((m) => m.deployments);
  return (
    <Field label="Deployment">
      {(id) => (
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">Choose…</option>
          {Object.keys(deployments).map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      )}
    </Field>
  );
}

function DecideDialog({ choice, onClose }: { choice: Choice; onClose: () => void }) {
  const { order, way } = choice;
  const [reason, setReason] = useState("");
  const [deployment, setDeployment] = useState("");
  const key = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const decide = () =>
    run(async () => {
      const body = { request_id: key.current, account_id: order.account_id, reason: reason.trim(), ...(way === "attribute" ? { deployment_id: deployment } : {}) };
      await post(`/api/live/reconciliation/external/${encodeURIComponent(order.order_id)}/${way}`, body);
      notify("done", `${order.order_id}: ${nameOfHandling(`EXTERNAL_HANDLING_${way.toUpperCase()}`)}`);
      onClose();
    });
  return (
    <Dialog title={`${TITLES[way]}: ${text(order)}`} onClose={onClose}>
      <p>{MEANINGS[way]}</p>
      {way === "attribute" && <Deployments value={deployment} onChange={setDeployment} />}
      <Field label="Reason" hint="Kept with the order and in the audit chain.">
        {(id, note) => <input id={id} value={reason} maxLength={500} aria-describedby={note} onChange={(event) => setReason(event.target.value)} />}
      </Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button" disabled={busy || reason.trim() === "" || (way === "attribute" && deployment === "")} onClick={decide}>{busy ? "Sending…" : TITLES[way]}</button>
      </div>
    </Dialog>
  );
}

function PolicyDialog({ accountId, present, onClose }: { accountId: string; present: string; onClose: () => void }) {
  const [handling, setHandling] = useState(asks(present) ? "EXTERNAL_HANDLING_ASK" : present);
  const [deployment, setDeployment] = useState("");
  const [reason, setReason] = useState("");
  const key = useRef(newKey("web"));
  const { busy, error, run } = useAction();
  const attributes = handling === "EXTERNAL_HANDLING_ATTRIBUTE";
  const set = () =>
    run(async () => {
      const rules = attributes && deployment !== "" ? [{ symbol: "", deployment_id: deployment }] : [];
      await call("PUT", "/api/live/reconciliation/external_policy", { request_id: key.current, account_id: accountId, handling, rules, reason: reason.trim() });
      notify("done", "The policy for orders made elsewhere has changed");
      onClose();
    });
  return (
    <Dialog title="Orders made elsewhere" onClose={onClose}>
      <Field label="What becomes of them">
        {(id) => (
          <select id={id} value={handling} onChange={(event) => setHandling(event.target.value)}>
            <option value="EXTERNAL_HANDLING_ASK">Hold entries back and ask</option>
            <option value="EXTERNAL_HANDLING_ADOPT">Adopt</option>
            <option value="EXTERNAL_HANDLING_IGNORE">Ignore</option>
            <option value="EXTERNAL_HANDLING_ATTRIBUTE">Attribute to a deployment</option>
          </select>
        )}
      </Field>
      <p className="muted">{handling === "EXTERNAL_HANDLING_ASK" ? "Each one holds entries of the account back until somebody has decided." : MEANINGS[handling.replace("EXTERNAL_HANDLING_", "").toLowerCase() as Way]}</p>
      {attributes && <Deployments value={deployment} onChange={setDeployment} />}
      <Field label="Reason" hint="In the audit chain.">
        {(id, note) => <input id={id} value={reason} maxLength={500} aria-describedby={note} onChange={(event) => setReason(event.target.value)} />}
      </Field>
      {error !== null && <Failure error={error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button" disabled={busy || reason.trim() === ""} onClick={set}>{busy ? "Sending…" : "Change"}</button>
      </div>
    </Dialog>
  );
}
