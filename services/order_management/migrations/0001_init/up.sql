-- The event log is the truth and the outbox; order_state is its projection, kept in the same transaction.
CREATE TABLE account (
  account_id text PRIMARY KEY,
  mode int NOT NULL,
  currency text NOT NULL,
  opening_cash numeric NOT NULL,
  broker text NOT NULL,
  last_sequence bigint NOT NULL,
  execution_sequence bigint NOT NULL,
  halted boolean NOT NULL,
  halt_reason text NOT NULL
);

CREATE TABLE event (
  account_id text NOT NULL REFERENCES account,
  sequence bigint NOT NULL,
  order_id text NOT NULL,
  event_type int NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, sequence)
);
CREATE INDEX event_order ON event (order_id, sequence) WHERE order_id <> '';

CREATE TABLE order_state (
  order_id text PRIMARY KEY,
  account_id text NOT NULL REFERENCES account,
  sequence bigint NOT NULL,
  symbol text NOT NULL,
  deployment_id text NOT NULL,
  status int NOT NULL,
  working boolean NOT NULL,
  create_nanos bigint NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX order_state_working ON order_state (account_id) WHERE working;
CREATE INDEX order_state_newest ON order_state (create_nanos DESC, order_id);
