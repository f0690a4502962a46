-- Breaker rules are one versioned set: the newest version holds, older ones stay for the record. None: the defaults.
CREATE TABLE breaker_rules (
  version bigint PRIMARY KEY,
  payload bytea NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  request_id text NOT NULL UNIQUE,
  update_time timestamptz NOT NULL DEFAULT now()
);
-- What a breaker remembers (ballast.risk.v1.StoredBreaker): tripped or not, what losses are measured from. What is empty
-- is wider: the firm has no account, an account's breaker no deployment.
CREATE TABLE breaker_state (
  rule text NOT NULL,
  account_id text NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (rule, account_id, deployment_id, symbol)
);
