// The REST and stream shapes: proto3 JSON of the ballast.* messages, decimals flattened to text, 64-bit integers as
// text, enums by name, times as RFC 3339.

export type Text = string;
export type Integer64 = string | number;

export interface Rejection {
  reason: string;
  check: string;
  limit: string;
  observed: string;
  message: string;
}
export interface Order {
  order_id: string;
  /** What was asked for, where the quantity was made smaller. */
  requested_quantity?: string | null;
  account_id: string;
  request_id: string;
  deployment_id: string;
  symbol: string;
  side: string;
  type: string;
  time_in_force: string;
  quantity: string;
  limit_price?: string | null;
  stop_price?: string | null;
  reduce_only: boolean;
  status: string;
  cumulative_quantity: string;
  leaves_quantity: string;
  average_price: string;
  fees: string;
  broker_order_id: string;
  rejection?: Rejection | null;
  create_time: string;
  update_time: string;
  sequence: Integer64;
  /** Market time of the order, where the server knows it beside the wall's. */
  market_time?: string | null;
  mode: string;
  reason: string;
  cancel_requested: boolean;
  outcome_unknown?: boolean;
  post_only?: boolean;
}
export interface Fill {
  execution_id: string;
  order_id: string;
  account_id: string;
  deployment_id: string;
  symbol: string;
  side: string;
  quantity: string;
  price: string;
  fee: string;
  fee_currency: string;
  maker: boolean;
  transact_time: string;
  sequence: Integer64;
  reason: string;
}
export interface RiskCheck {
  name: string;
  limit: string;
  used: string;
  after: string;
  passed: boolean;
  nearest?: PassableTerm[];
}
/** A term with which a refused order would have passed; "none": with no other one. */
export interface PassableTerm {
  term: string;
  value: string;
  check: string;
}
export interface OrderEvent {
  account_id: string;
  sequence: Integer64;
  type: string;
  event_time: string;
  order?: Order | null;
  fill?: Fill | null;
  rejection?: Rejection | null;
  actor: string;
  checks?: RiskCheck[];
}
/** What one person has asked for and another one has to ask for too. */
export interface AwaitedDecision {
  kind: string;
  broker_order_id?: string;
  reason: string;
  asked_by: string;
  ask_time?: string | null;
  expire_time?: string | null;
}
/** The answer of /api/live/orders/{id}/evidence. */
export interface OrderEvidence {
  /** While it is out without an answer, and the broker gateway says so. */
  evidence?: {
    send_time?: string | null;
    asked: number;
    next_ask_time?: string | null;
    session_ready: boolean;
    questions?: string[];
    answers?: { question: string; as_of: string; text?: string }[];
    horizon?: string | null;
    acceptance_window_ms?: Integer64;
    execution_ids?: string[];
    contradicted?: boolean;
  } | null;
  needs_two: boolean;
  awaited?: AwaitedDecision | null;
}
/** The answer of /api/live/orders/{id}/explain. */
export interface Explained {
  order: Order & { list?: { list_id: string; contingency_type: string; index: number; size: number } | null };
  summary: string;
  origin?: {
    kind: string;
    actor: string;
    request_id: string;
    deployment_id: string;
    reason: string;
    request_time: string;
    decision?: { sequence: Integer64; bar_time: string; action: string; reason: string; inputs?: Record<string, string> } | null;
  } | null;
  verdict?: { refused: boolean; refused_by: string; rejection?: Rejection | null; checks?: RiskCheck[]; unchecked: string; nearest?: PassableTerm[] } | null;
  route?: { account_id: string; broker: string; mode: string; support: string; why: string; sent: boolean; broker_order_id: string } | null;
  steps?: ExplainedStep[];
  fills?: { fill: Fill & { realised_pnl?: string | null }; unrealised_because: string }[];
  result?: {
    quantity: string;
    average_price: string;
    notional: string;
    fees?: Record<string, string>;
    realised_pnl?: string | null;
    net_pnl?: string | null;
    accept_time?: string | null;
    first_fill_time?: string | null;
    last_fill_time?: string | null;
    currency: string;
  } | null;
  links?: { place?: { list_id: string; contingency_type: string; index: number; size: number } | null; order_id: string; relation: string; order?: Order | null }[];
  gaps?: string[];
}
export interface ExplainedStep {
  sequence: Integer64;
  type: string;
  event_time: string;
  since_previous_ns: Integer64;
  status: string;
  actor: string;
  title: string;
  detail: string;
  rejection?: Rejection | null;
  changes?: string[];
  execution_id: string;
}
export interface StopPolicy {
  stop_loss_ratio?: string | null;
  trailing_ratio?: string | null;
  take_profit_ratio?: string | null;
  unprotected_action?: string;
  off?: boolean;
}
export interface ProtectionLeg {
  order_id: string;
  price?: string | null;
  quantity: string;
  live: boolean;
  held_here: boolean;
}
/** One book's open position and what protects it. */
export interface Protection {
  account_id: string;
  symbol: string;
  deployment_id: string;
  position_quantity: string;
  entry_price?: string | null;
  policy?: StopPolicy | null;
  by_default: boolean;
  state: string;
  state_time?: string | null;
  stop?: ProtectionLeg | null;
  target?: ProtectionLeg | null;
  message: string;
}
export interface Protections {
  policies?: { symbol: string; deployment_id?: string | null; policy?: StopPolicy | null; reason: string; actor: string; update_time: string }[];
  protections?: Protection[];
}
export interface ReconciliationBreak {
  account_id: string;
  break_id: Integer64;
  type: string;
  state: string;
  symbol: string;
  order_id: string;
  execution_id: string;
  ours: string;
  journal: string;
  venue: string;
  difference: string;
  message: string;
  halts: boolean;
  first_time: string;
  acknowledged_by: string;
  acknowledge_reason: string;
  aged: boolean;
}
export interface ReconciliationStatus {
  account_id: string;
  orders_time?: string | null;
  positions_time?: string | null;
  problem: string;
  open_breaks: number;
  halting_breaks: number;
  acknowledged_breaks: number;
  pending: number;
  matched_trades: Integer64;
  healed_trades: Integer64;
  external_policy?: { handling: string; rules?: { symbol: string; deployment_id: string }[]; actor: string; reason: string } | null;
}
export interface TieOut {
  day: string;
  fills: Integer64;
  ties: boolean;
  differences?: string[];
  hash: string;
  text: string;
}
export interface ExternalOrder {
  account_id: string;
  order_id: string;
  symbol: string;
  side: string;
  quantity: string;
  cumulative_quantity: string;
  limit_price?: string | null;
  handling: string;
  deployment_id: string;
  actor: string;
  reason: string;
  open: boolean;
  unknown: boolean;
}
export interface Reconciliation {
  accounts?: ReconciliationStatus[];
  breaks?: ReconciliationBreak[];
  external_orders?: ExternalOrder[];
}
export interface Account {
  account_id: string;
  mode: string;
  currency: string;
  opening_cash: string;
  last_sequence: Integer64;
  halted: boolean;
  halt_reason: string;
  broker: string;
}
export interface Position {
  account_id: string;
  deployment_id: string;
  symbol: string;
  quantity: string;
  average_price: string;
  mark_price: string;
  mark_stale: boolean;
  mark_age_ms?: Integer64;
  unrealised_pnl: string;
  realised_pnl: string;
  market_value: string;
  open_time: string;
  update_time: string;
  mode: string;
  unrealised_ratio: number;
}
export interface Summary {
  account_id: string;
  mode: string;
  currency: string;
  opening_cash: string;
  cash: string;
  equity: string;
  realised_pnl: string;
  unrealised_pnl: string;
  fees: string;
  gross_exposure: string;
  net_exposure: string;
  open_positions: number;
  day_pnl: string;
  peak_equity: string;
  drawdown_ratio: number;
  fills: Integer64;
  trades: Integer64;
  winning_trades: Integer64;
  update_time: string;
  any_mark_stale: boolean;
}
export interface Book {
  account_id: string;
  deployment_id: string;
  realised_pnl: string;
  unrealised_pnl: string;
  fees: string;
  total_pnl: string;
  day_pnl: string;
  trades: Integer64;
  winning_trades: Integer64;
  open_positions: number;
  peak_pnl: string;
  max_drawdown: string;
  last_trade_time?: string | null;
}
export interface Trade {
  trade_id: string;
  account_id: string;
  deployment_id: string;
  symbol: string;
  side: string;
  quantity: string;
  entry_price: string;
  exit_price: string;
  pnl: string;
  fees: string;
  entry_time: string;
  exit_time: string;
  reason: string;
  mode: string;
  pnl_ratio: number;
}
export interface EquityPoint {
  /** Empty in answers about one account. */
  account_id?: string;
  time: string;
  equity: string;
  cash: string;
}
export interface StrategyParameter {
  name: string;
  description: string;
  default_value: string;
  minimum: string;
  maximum: string;
}
export interface Strategy {
  strategy_id: string;
  display_name: string;
  description: string;
  parameters: StrategyParameter[];
  // Of one that runs in a process of its own.
  external_connection?: string;
}
export interface DeploymentSpec {
  strategy_id: string;
  parameters: Record<string, string>;
  account_id: string;
  symbols: string[];
  timeframe: string;
  position_size_ratio?: string | null;
  stop_loss_ratio?: string | null;
  take_profit_ratio?: string | null;
  max_open_positions: number;
  allow_short: boolean;
  display_name: string;
  sides?: string;
  trailing_stop_ratio?: string | null;
  daily_loss_ratio?: string | null;
  drawdown_ratio?: string | null;
  capital_ratio?: string | null;
  entries_wait_for_open?: boolean;
  sizing?: {
    method: string;
    risk_ratio?: string | null;
    kelly_fraction?: string | null;
    kelly_cap_ratio?: string | null;
    kelly_prior_trades?: number;
    kelly_minimum_trades?: number;
    volatility_ratio?: string | null;
    volatility_measure?: string;
    volatility_decay?: string | null;
    volatility_periods?: number;
    members?: string[];
    consensus?: string;
  } | null;
  schedule?: { time_zone: string; days?: string[]; start_time?: string; end_time?: string; close_before_end_minutes?: number } | null;
  confirmation?: { timeframe: string; periods: number } | null;
}
export interface Deployment {
  deployment_id: string;
  spec: DeploymentSpec;
  status: string;
  status_reason: string;
  mode: string;
  create_time: string;
  start_time?: string | null;
  stop_time?: string | null;
  signals: Integer64;
  orders: Integer64;
  last_signal_time?: string | null;
  last_signal: string;
  open_positions: number;
  restarts: Integer64;
  /** Of its settings; a change names the one it was made from. */
  revision?: Integer64;
  // What keeps it from opening anything, whatever a person says.
  block?: string;
  block_text?: string;
  // Of a strategy that runs in a process of its own: whether that is there, and what was wrong with its newest answer.
  external_connection?: string;
  external_text?: string;
}
export interface Decision {
  sequence: Integer64;
  account_id?: string;
  deployment_id: string;
  symbol: string;
  bar_time: string;
  action: string;
  reason: string;
  inputs: Record<string, string>;
  order_id: string;
  outcome: string;
}
export interface Prerequisite {
  name: string;
  passed: boolean;
  detail: string;
}
export interface Instrument {
  symbol: string;
  display_name: string;
  asset_class: string;
  currency: string;
  tick_size: string;
  lot_size: string;
  min_notional: string;
  shortable: boolean;
}
export interface Quote {
  symbol: string;
  bid_price: string;
  bid_size: string;
  ask_price: string;
  ask_size: string;
  last_price: string;
  quote_time: string;
  sequence: Integer64;
  session_open: boolean;
  /** Milliseconds of the market from quote_time to the market's time. */
  age_ms?: Integer64;
  /** The server says: not to be traded on. */
  stale?: boolean;
  /** Trading in it is halted, and why: the prices are those of before. */
  halted?: boolean;
  halt_reason?: string;
  /** The book of the same step, best first; in the stream only. */
  bids?: BookLevel[];
  asks?: BookLevel[];
  step?: Integer64;
}
/** What the heartbeat says of the market behind the stream. */
export interface MarketPulse {
  state: "live" | "silent" | "ended" | "unknown";
  time?: string | null;
  age_ms?: number | null;
}
export interface Bar {
  symbol: string;
  timeframe: string;
  start_time: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}
export interface BookLevel {
  price: string;
  size: string;
}
export interface DepthBook {
  symbol: string;
  bids: BookLevel[];
  asks: BookLevel[];
  market_time: string;
}
export interface Alert {
  alert_id: Integer64;
  type: string;
  level: string;
  title: string;
  text: string;
  account_id: string;
  deployment_id: string;
  order_id: string;
  symbol: string;
  first_time: string;
  last_time: string;
  count: Integer64;
  acknowledged: boolean;
  acknowledged_by: string;
}
export interface AuditRecord {
  sequence: Integer64;
  time: string;
  actor: string;
  action: string;
  subject: string;
  detail: string;
  previous_hash: string;
  hash: string;
  request_id: string;
  account_id: string;
}
export interface ServiceState {
  name: string;
  state: string;
  address: string;
}
/** An emergency command, as far as it has come. */
export interface EmergencyState {
  command: { command_id: string; account_id: string; level: string; reason: string; actor: string; press_time?: string | null };
  engaged: boolean;
  /** Seen to be done at the venue. */
  done: boolean;
  halted: boolean;
  flat: boolean;
  neighbours?: { name: string; acknowledged: boolean; detail: string }[];
  progress?: { orders_found?: number; orders_open?: number; closes_sent?: number; positions?: { symbol: string; quantity: string }[]; waits_for?: string } | null;
  safe?: string[];
  to_do?: string[];
  done_time?: string | null;
}
export interface Status {
  version: string;
  emergencies?: EmergencyState[];
  running: boolean;
  services: ServiceState[];
  market_open: boolean;
  market_source: string;
  market_time?: string | null;
  mode: string;
  signals: Integer64;
  orders: Integer64;
  working_orders: number;
  start_time?: string | null;
}
export interface LimitUse {
  name: string;
  limit: string;
  used: string;
  ratio: number;
}
export interface Limits {
  account_id: string;
  version: Integer64;
  [name: string]: unknown;
}
/** What holds for an order now, and whose it is. */
export interface EffectiveLimit {
  name: string;
  value: string;
  scope: string;
  version: Integer64;
  expire_time?: string | null;
}
/** It raises a limit and waits for a second person, or was decided. */
export interface LimitChange {
  change_id: string;
  state: string;
  raises?: string[];
  reason: string;
  proposed_by: string;
  propose_time?: string | null;
  decided_by?: string;
  decision_reason?: string;
  decide_time?: string | null;
  limits?: Limits | null;
  limit_set?: LimitSet | null;
}
/** All empty: the firm. */
export interface LimitScope {
  account_id: string;
  deployment_id: string;
  symbol: string;
}
/** Limits of a scope, or with an end an override that stands in their place until then. */
export interface LimitSet {
  scope: LimitScope;
  version: Integer64;
  values?: { name: string; value: string }[];
  update_time?: string | null;
  updated_by?: string;
  reason?: string;
  expire_time?: string | null;
}
export interface LimitsVersion {
  limits: Limits;
  reason?: string;
}
/** A loss rule latches: once tripped it stays so until a person re-arms it. */
export interface LossRule {
  name: string;
  state: string;
  baseline?: string | null;
  loss?: string | null;
  limit?: string | null;
  limit_ratio?: string | null;
  trip_time?: string | null;
  trip_equity?: string | null;
  message?: string;
}
/** One of the things that must end before entries are taken. */
export interface OpeningBlock {
  name: string;
  scope?: string;
  since?: string | null;
  /** When it ends at the earliest by itself; nobody can say without. */
  until?: string | null;
  needs_person?: boolean;
  message?: string;
}
/** May risk be opened now, by the account or (named) one of its deployments? */
export interface OpeningAnswer {
  account_id: string;
  deployment_id: string;
  opening: string;
  blocks?: OpeningBlock[];
  message?: string;
}
export interface Breaker {
  rule: { name: string; kind: string; scope: string; latched?: boolean };
  account_id: string;
  deployment_id: string;
  symbol: string;
  state: string;
  observed?: string | null;
  limit?: string | null;
  level_percent: number;
  trip_time?: string | null;
  trip_observed?: string | null;
  trip_limit?: string | null;
  clear_time?: string | null;
  message?: string;
}
export interface RiskState {
  account_id: string;
  equity: string;
  day_start_equity: string;
  peak_equity: string;
  gross_exposure: string;
  net_exposure: string;
  reserved_exposure: string;
  open_orders: number;
  open_positions: number;
  uses: LimitUse[];
  market_data_stale: boolean;
  /** May risk be opened: the server's own word. */
  opening?: string;
  blocked_by?: string[];
  opening_message?: string;
  loss_rules?: LossRule[];
  /** Warned or tripped: of the account, its deployments, the firm. */
  breakers?: Breaker[];
  /** Held symbols whose mark is missing or too old. */
  stale_symbols?: string[];
  limits?: Limits;
}
export interface Preview {
  approved: boolean;
  rejection?: Rejection | null;
  checks: RiskCheck[];
  passable_quantity: string;
  /** The check that refuses one lot more than passable_quantity; it may be another one than the rejection's. */
  passable_quantity_check?: string;
  /** When a price rule refused: the nearest prices that would have passed; empty when unchanged. */
  passable_limit_price?: string;
  passable_stop_price?: string;
  estimated_price?: string | null;
  estimated_notional?: string | null;
}
export interface FieldViolation {
  field: string;
  reason: string;
  message: string;
}

export const kWorking = new Set([
  "ORDER_STATUS_PENDING_NEW",
  "ORDER_STATUS_SUBMITTED",
  "ORDER_STATUS_UNKNOWN",
  "ORDER_STATUS_NEW",
  "ORDER_STATUS_PARTIALLY_FILLED",
  "ORDER_STATUS_PENDING_CANCEL",
  "ORDER_STATUS_PENDING_REPLACE",
  "ORDER_STATUS_HELD",
]);
export const kRefused = new Set(["ORDER_STATUS_DENIED", "ORDER_STATUS_REJECTED", "ORDER_STATUS_NEVER_ACCEPTED"]);
