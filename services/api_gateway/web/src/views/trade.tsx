import { useEffect, useRef, useState } from "react";
import { get } from "../api/client";
import { kWorking, type DepthBook, type Quote } from "../api/types";
import * as decimal from "../lib/decimal";
import { disagreement } from "../lib/depth";
import { useModel, useStore } from "../state/store";
import { PriceChart } from "../ui/charts";
import { HaltBadge, oldWords, useFreshness } from "../ui/freshness";
import { Empty, Failure, formatPrice, Panel } from "../ui/parts";
import { OrderTicket, type Picked } from "../ui/ticket";
import { OrdersTable, useOrders } from "./orders";

/** The book that comes with the quote, of the same step; where none comes, read again at every move of the quote, one read at a time. */
function useDepth(symbol: string, quote: Quote | undefined): { book: DepthBook | null; error: unknown; reload: () => void } {
  const moved = `${quote?.sequence ?? ""} ${quote?.quote_time ?? ""}`;
  const streamed = quote?.bids && quote.asks ? { symbol, bids: quote.bids, asks: quote.asks, market_time: quote.quote_time } : null;
  const inStep = streamed !== null;
  const [read, setRead] = useState<{ book: DepthBook | null; error: unknown }>({ book: null, error: null });
  const [round, setRound] = useState(0);
  const busy = useRef(false);
  const again = useRef(false);
  useEffect(() => {
    if (!symbol || !moved.trim() || inStep) return;
    if (busy.current) {
      again.current = true;
      return;
    }
    busy.current = true;
    get<DepthBook>(`/api/live/book?symbol=${encodeURIComponent(symbol)}`)
      .then((book) => setRead({ book: { ...book, symbol: book.symbol || symbol, bids: book.bids ?? [], asks: book.asks ?? [] }, error: null }), (error: unknown) => setRead((r) => ({ ...r, error })))
      .finally(() => {
        busy.current = false;
        if (again.current) setRound((n) => n + 1);
        again.current = false;
      });
  }, [symbol, moved, inStep, round]);
  const book = streamed ?? (read.book?.symbol === symbol ? read.book : null);
  return { book, error: streamed ? null : read.error, reload: () => setRound((n) => n + 1) };
}

function Depth({ onPick }: { onPick: (price: string) => void }) {
  const symbol = useStore((s) => s.symbol);
  const tick = useModel((m) => m.instruments[symbol]?.tick_size);
  const quote = useModel((m) => m.quotes[symbol]);
  const fresh = useFreshness(symbol);
  const { book: data, error, reload } = useDepth(symbol, quote);
  const apart = disagreement(data, quote);
  const bids = (data?.bids ?? []).slice(0, 8);
  const asks = (data?.asks ?? []).slice(0, 8);
  const largest = [...bids, ...asks].reduce((max, level) => (decimal.compare(level.size, max) > 0 ? level.size : max), "0");
  const row = (level: { price: string; size: string }, side: "bid" | "ask") => (
    <button key={level.price} type="button" className={`level ${side}`} title="Use this price in the ticket" onClick={() => onPick(decimal.normalise(level.price))}>
      <span className="level-bar" style={{ width: `${(100 * decimal.toNumber(level.size)) / (decimal.toNumber(largest) || 1)}%` }} aria-hidden="true" />
      <span className={`number ${side === "bid" ? "up" : "down"}`}>{formatPrice(level.price, tick)}</span>
      <span className="number">{decimal.format(level.size)}</span>
    </button>
  );
  return (
    <Panel title="Book" old={oldWords(fresh) || apart} meta={bids[0] && asks[0] ? `spread ${decimal.format(decimal.subtract(asks[0].price, bids[0].price))}` : undefined}>
      {error !== null && <Failure error={error} retry={reload} />}
      {bids.length + asks.length === 0 ? (
        <Empty title="No depth">The venue shows no book for {symbol || "this symbol"} now.</Empty>
      ) : (
        <div className="depth">
          <div className="level head"><span>Price</span><span>Size</span></div>
          {[...asks].reverse().map((level) => row(level, "ask"))}
          <div className="level-mid number">{formatPrice(quote?.last_price, tick)} <HaltBadge symbol={symbol} /></div>
          {bids.map((level) => row(level, "bid"))}
        </div>
      )}
    </Panel>
  );
}

export function TradeView() {
  const symbol = useStore((s) => s.symbol);
  const [picked, setPicked] = useState<Picked | undefined>();
  const orders = useOrders().filter((o) => o.symbol === symbol).slice(0, 30);
  return (
    <div className="trade-grid">
      <h1 className="visually-hidden">Trade</h1>
      <div className="trade-chart"><PriceChart tall /></div>
      <div className="trade-ticket"><OrderTicket picked={picked} /></div>
      <div className="trade-book"><Depth onPick={(price) => setPicked((old) => ({ price, version: (old?.version ?? 0) + 1 }))} /></div>
      <div className="trade-orders">
        <Panel title={`Orders in ${symbol}`} meta={`${orders.filter((o) => kWorking.has(o.status)).length} working`}>
          <OrdersTable label={`Orders in ${symbol}`} orders={orders} empty={<Empty title={`No orders in ${symbol} yet`} />} />
        </Panel>
      </div>
    </div>
  );
}
