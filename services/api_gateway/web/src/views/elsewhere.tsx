import { useState } from "react";
import { get } from "../api/client";
import type { Order } from "../api/types";
import { bare, sentence } from "../lib/words";
import { Empty, Failure, Moment, Panel, Quantity, SideWord, State, useFetched } from "../ui/parts";
import { Table, type Column } from "../ui/table";

interface Attempt {
  number: number;
  account_id: string;
  state: string;
  order?: Order | null;
  error?: string;
}
interface ElsewhereOrder {
  order: Order;
  state: string;
  attempts?: Attempt[];
  note?: string;
  reject_time: string;
}
interface Listed {
  orders?: ElsewhereOrder[];
  policies?: { account_id: string; symbol?: string; alternatives?: string[] }[];
  next_page_token?: string;
}

const kPageSize = 20;
const kColumns: readonly Column<ElsewhereOrder>[] = [
  { key: "time", label: "Not sent", wideOnly: true, cell: (r) => <Moment at={r.reject_time} /> },
  { key: "symbol", label: "Symbol", cell: (r) => <a href={`#/orders/${encodeURIComponent(r.order.order_id)}`}>{r.order.symbol}</a> },
  { key: "side", label: "Side", cell: (r) => <SideWord side={r.order.side} /> },
  { key: "quantity", label: "Quantity", end: true, cell: (r) => <Quantity value={r.order.quantity} /> },
  { key: "from", label: "Meant for", wideOnly: true, cell: (r) => r.order.account_id },
  { key: "tried", label: "Tried", cell: (r) => (r.attempts ?? []).map((a) => <span key={a.number} className="row">{a.order ? <a href={`#/orders/${encodeURIComponent(a.order.order_id)}`}>{a.account_id}</a> : a.account_id} <small className="muted">{sentence(bare(a.state, "ATTEMPT_STATE_")).toLowerCase()}</small></span>) },
  { key: "state", label: "State", cell: (r) => <State name={r.state} prefix="ELSEWHERE_STATE_" /> },
  { key: "why", label: "Why", wideOnly: true, cell: (r) => <span className="clip" title={r.note}>{r.note}</span> },
];

/** Orders that their venue, being down, was not handed: where each went, or why it did not. */
export function ElsewherePanel() {
  // Tokens of the pages that were turned, the shown one last; the newest has none.
  const [tokens, setTokens] = useState<readonly string[]>([""]);
  const token = tokens[tokens.length - 1] ?? "";
  const list = useFetched(() => get<Listed>(`/api/live/elsewhere-orders?page_size=${kPageSize}${token && `&page_token=${encodeURIComponent(token)}`}`), [token], 2000);
  const next = list.data?.next_page_token ?? "";
  const rows = list.data?.orders ?? [];
  // Nobody has asked for it: one panel less to look at.
  if (list.error === null && rows.length === 0 && (list.data?.policies ?? []).length === 0 && tokens.length === 1) return null;
  return (
    <Panel title="Gone elsewhere" meta="orders that their venue, being down, was not handed" live={false}>
      {list.error !== null && <Failure error={list.error} retry={list.reload} />}
      <Table label="Orders that went elsewhere" columns={kColumns} rows={rows} rowKey={(r) => r.order.order_id} empty={list.data ? <Empty title="None yet" /> : <Empty title="Reading…" />} />
      {(tokens.length > 1 || next !== "") && (
        <div className="pager">
          <button type="button" className="button small" disabled={tokens.length === 1} onClick={() => setTokens((t) => t.slice(0, -1))}>Newer</button>
          <button type="button" className="button small" disabled={next === ""} onClick={() => setTokens((t) => [...t, next])}>Older</button>
        </div>
      )}
    </Panel>
  );
}
