import * as decimal from "./decimal";

export interface Markout {
  after_seconds: number;
  basis_points: string;
  measured_quantity: string;
}
/** What an order has cost; what is not there is not known. */
export interface OrderQuality {
  /** Empty of an algorithm's orders together. */
  order_id?: string;
  arrival_price?: string | null;
  arrival_slippage_basis_points?: string | null;
  decision_slippage_basis_points?: string | null;
  vwap_slippage_basis_points?: string | null;
  spread_cost?: string | null;
  shortfall?: { delay: string; execution: string; opportunity: string; fees: string; total: string } | null;
  markouts: Markout[];
}

export const points = (value: string | null | undefined): string => (value ? `${decimal.format(decimal.round(value, 1))} bp` : "–");

/** The moments after the fills that have come and were seen. */
export const measured = (quality: OrderQuality): Markout[] => quality.markouts.filter((m) => !decimal.isZero(m.measured_quantity));
