CREATE TABLE deployment (
  deployment_id text PRIMARY KEY,
  request_id text NOT NULL UNIQUE,
  spec bytea NOT NULL,
  status int NOT NULL,
  status_reason text NOT NULL,
  -- Why it is being stopped, and whether its positions are closed first.
  stop_reason text NOT NULL,
  close_positions boolean NOT NULL,
  -- Started by itself as soon as its prerequisites hold.
  start_pending boolean NOT NULL,
  create_nanos bigint NOT NULL,
  start_nanos bigint NOT NULL,
  stop_nanos bigint NOT NULL,
  signals bigint NOT NULL,
  orders bigint NOT NULL,
  last_signal_nanos bigint NOT NULL,
  last_signal text NOT NULL,
  restarts bigint NOT NULL,
  decision_sequence bigint NOT NULL
);

CREATE TABLE symbol_state (
  deployment_id text NOT NULL REFERENCES deployment,
  symbol text NOT NULL,
  quantity numeric NOT NULL,
  cost numeric NOT NULL,
  last_bar_nanos bigint NOT NULL,
  waiting_entry int NOT NULL,
  working_request text NOT NULL,
  working_is_entry boolean NOT NULL,
  blocked_until_nanos bigint NOT NULL,
  PRIMARY KEY (deployment_id, symbol)
);

-- Written before its order is sent: `open` until what became of the order is known.
CREATE TABLE decision (
  deployment_id text NOT NULL REFERENCES deployment,
  sequence bigint NOT NULL,
  payload bytea NOT NULL,
  submit bytea,
  open boolean NOT NULL,
  PRIMARY KEY (deployment_id, sequence)
);
CREATE INDEX decision_open ON decision (deployment_id, sequence) WHERE open;

-- Up to where the order log has been read, in the same transaction as what came of it.
CREATE TABLE order_cursor (
  account_id text PRIMARY KEY,
  sequence bigint NOT NULL,
  execution_sequence bigint NOT NULL
);
