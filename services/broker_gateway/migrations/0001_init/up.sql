-- The paper venue's journal: what it has of orders, executions and ledgers is durable before anything is told.
CREATE TABLE execution (
  account_id text NOT NULL,
  execution_sequence bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, execution_sequence)
);
CREATE TABLE venue_order (
  order_id text PRIMARY KEY,
  account_id text NOT NULL,
  working boolean NOT NULL,
  triggered boolean NOT NULL,
  payload bytea NOT NULL
);
CREATE TABLE ledger (
  account_id text PRIMARY KEY,
  currency text NOT NULL,
  cash numeric NOT NULL,
  execution_sequence bigint NOT NULL
);
CREATE TABLE ledger_position (
  account_id text NOT NULL,
  symbol text NOT NULL,
  quantity numeric NOT NULL,
  PRIMARY KEY (account_id, symbol)
);
-- Highest epoch of an order manager seen: lower ones are refused.
CREATE TABLE session_epoch (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), epoch bigint NOT NULL);
CREATE TABLE simulator_state (
  symbol text PRIMARY KEY,
  step bigint NOT NULL,
  mid bigint NOT NULL,
  trend bigint NOT NULL,
  noise bigint NOT NULL,
  regime_steps_left bigint NOT NULL,
  sequence bigint NOT NULL
);
CREATE TABLE bar (
  symbol text NOT NULL,
  timeframe text NOT NULL,
  start_nanos bigint NOT NULL,
  open numeric NOT NULL,
  high numeric NOT NULL,
  low numeric NOT NULL,
  close numeric NOT NULL,
  volume numeric NOT NULL,
  PRIMARY KEY (symbol, timeframe, start_nanos)
);
