import { ApiError, get } from "../api/client";
import * as decimal from "../lib/decimal";
import { measured, points, type OrderQuality } from "../lib/quality";
import { Failure, Price, Stat, useFetched } from "./parts";

/** What an order, or an algorithm's orders together, have cost so far against the market of their moments. */
export function Quality({ query, symbol = "" }: { query: string; symbol?: string }) {
  const one = useFetched(() => get<{ orders?: OrderQuality[] }>(`/api/live/execution-quality?${query}`), [query], 5000);
  const quality = one.data?.orders?.[0];
  // It is not followed: nothing is known, and nothing is broken.
  if (one.error instanceof ApiError && one.error.status === "NOT_FOUND") return null;
  if (one.error !== null) return <Failure error={one.error} retry={one.reload} />;
  if (!quality) return null;
  const short = quality.shortfall;
  return (
    <>
      <h3>Cost</h3>
      <div className="card-stats">
        {quality.order_id && <Stat label="Arrival price" hint="the middle of the market as it went out">{decimal.isZero(quality.arrival_price ?? "0") ? "not known" : <Price value={quality.arrival_price} symbol={symbol} />}</Stat>}
        <Stat label="Against arrival">{points(quality.arrival_slippage_basis_points)}</Stat>
        <Stat label="Against decision">{points(quality.decision_slippage_basis_points)}</Stat>
        {!quality.order_id && <Stat label="Against the market's VWAP">{points(quality.vwap_slippage_basis_points)}</Stat>}
        {quality.spread_cost && <Stat label="Of it the spread" hint="half of it as it stood at the arrival, on what took">{decimal.formatMoney(quality.spread_cost)}</Stat>}
        {short && <Stat label="Fees">{decimal.formatMoney(short.fees)}</Stat>}
        {short && <Stat label="Shortfall" hint={`delay ${short.delay}, execution ${short.execution}, opportunity ${short.opportunity}, fees ${short.fees}`}>{decimal.formatMoney(short.total)}</Stat>}
        {measured(quality).map((m) => <Stat key={m.after_seconds} label={`Market after ${m.after_seconds} s`} hint="positive is in the order's favour">{points(m.basis_points)}</Stat>)}
      </div>
    </>
  );
}
