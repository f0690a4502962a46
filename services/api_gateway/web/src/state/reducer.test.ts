import { describe, expect, it } from "vitest";
import { apply, applyAll, kEmpty, withOrder, type Message } from "./reducer";
import type { Order } from "../api/types";

const order = (id: string, sequence: number, more: Partial<Order> = {}): Order =>
  ({ order_id: id, sequence: String(sequence), cumulative_quantity: "0", create_time: `2026-01-01T00:00:0${sequence % 10}Z`, ...more }) as Order;

const snapshot: Message = {
  type: "snapshot",
  sequence: 10,
  run: "r1",
  data: {
    status: { version: "1" },
    orders: [order("a", 1)],
    positions: [{ account_id: "paper", symbol: "AAPL", quantity: "5" }, { account_id: "paper", symbol: "MSFT", quantity: "0" }],
    summary: { account_id: "paper", equity: "100" },
    quotes: [{ symbol: "AAPL", last_price: "1" }, { symbol: "MSFT", last_price: "2" }],
    summaries: [{ account_id: "paper", equity: "100" }, { account_id: "fund-2", equity: "7" }],
    equity: [{ time: "2026-01-01T00:00:00Z", equity: "1", cash: "1" }, { account_id: "fund-2", time: "2026-01-01T00:00:00Z", equity: "7", cash: "1" }],
  },
};

describe("reducer", () => {
  it("takes the snapshot whole and drops flat positions", () => {
    const { model, gap } = apply(kEmpty, snapshot);
    expect(gap).toBe(false);
    expect(model.sequence).toBe(10);
    expect(Object.keys(model.positions)).toEqual(["paper|AAPL"]);
    expect(model.summaries.paper?.equity).toBe("100");
  });

  it("keeps accounts apart", () => {
    const before = apply(kEmpty, snapshot).model;
    expect(before.summaries["fund-2"]?.equity).toBe("7");
    // A point that does not say whose it is belongs to nobody's curve.
    expect(Object.keys(before.equity)).toEqual(["fund-2"]);
    const { model } = apply(before, { type: "delta", sequence: 11, topic: "equity", data: [{ account_id: "paper", time: "2026-01-01T00:00:01Z", equity: "100", cash: "1" }] });
    expect(model.equity.paper?.map((p) => p.equity)).toEqual(["100"]);
    expect(model.equity["fund-2"]).toBe(before.equity["fund-2"]);
  });

  it("remembers the run the sequence belongs to", () => {
    const before = apply(kEmpty, snapshot).model;
    expect(before.run).toBe("r1");
    expect(apply(before, { type: "delta", sequence: 11, topic: "quotes", data: [] }).model.run).toBe("r1");
  });

  it("replaces rows by their id and leaves the others as they were", () => {
    const before = apply(kEmpty, snapshot).model;
    const { model } = apply(before, { type: "delta", sequence: 11, topic: "quotes", data: [{ symbol: "AAPL", last_price: "3" }] });
    expect(model.quotes.AAPL?.last_price).toBe("3");
    expect(model.quotes.MSFT).toBe(before.quotes.MSFT);
    expect(model.orders).toBe(before.orders);
    expect(model.sequence).toBe(11);
  });

  it("removes a position that went flat", () => {
    const before = apply(kEmpty, snapshot).model;
    const { model } = apply(before, { type: "delta", sequence: 11, topic: "positions", data: [{ account_id: "paper", symbol: "AAPL", quantity: "0.000" }] });
    expect(model.positions).toEqual({});
  });

  it("reports a gap and applies nothing after it", () => {
    const before = apply(kEmpty, snapshot).model;
    const { model, gap } = applyAll(before, [
      { type: "delta", sequence: 11, topic: "orders", data: [order("b", 2)] },
      { type: "delta", sequence: 13, topic: "orders", data: [order("c", 3)] },
      { type: "delta", sequence: 14, topic: "orders", data: [order("d", 4)] },
    ]);
    expect(gap).toBe(true);
    expect(model.gaps).toBe(1);
    expect(model.sequence).toBe(11);
    expect(Object.keys(model.orders)).toEqual(["a", "b"]);
  });

  it("sees from a heartbeat that the last delta never came", () => {
    const before = apply(kEmpty, snapshot).model;
    expect(apply(before, { type: "heartbeat", sequence: 10 }).gap).toBe(false);
    expect(apply(before, { type: "heartbeat", sequence: 12 }).gap).toBe(true);
  });

  it("takes the market's state from the heartbeat", () => {
    const before = apply(kEmpty, snapshot).model;
    expect(before.market).toBeNull();
    expect(apply(before, { type: "heartbeat", sequence: 10, market: { state: "silent", age_ms: 8000 } }).model.market?.state).toBe("silent");
  });

  it("ignores a delta that is sent again after a resume", () => {
    const before = apply(kEmpty, snapshot).model;
    const { model, gap } = apply(before, { type: "delta", sequence: 9, topic: "orders", data: [order("old", 1)] });
    expect(gap).toBe(false);
    expect(model).toBe(before);
  });

  it("asks for a snapshot when a delta comes first", () => {
    expect(apply(kEmpty, { type: "delta", sequence: 1, topic: "orders", data: [] }).gap).toBe(true);
  });

  it("recovers from a gap by the next snapshot and keeps counting", () => {
    const broken = apply(kEmpty, { type: "delta", sequence: 5, topic: "orders", data: [] }).model;
    const { model, gap } = apply(broken, snapshot);
    expect(gap).toBe(false);
    expect(model.sequence).toBe(10);
    expect(model.gaps).toBe(1);
  });

  it("does not let an older message undo a newer REST answer", () => {
    const before = withOrder(apply(kEmpty, snapshot).model, order("a", 9, { status: "ORDER_STATUS_CANCELED" }));
    const { model } = apply(before, { type: "delta", sequence: 11, topic: "orders", data: [order("a", 5, { status: "ORDER_STATUS_NEW" })] });
    expect(model.orders.a?.status).toBe("ORDER_STATUS_CANCELED");
  });

  it("counts a sequence of an unknown topic", () => {
    const before = apply(kEmpty, snapshot).model;
    const { model, gap } = apply(before, { type: "delta", sequence: 11, topic: "weather", data: [] });
    expect(gap).toBe(false);
    expect(model.sequence).toBe(11);
  });
});
