-- How far the comparison with the venue has come in each account (ballast.position.v1.StoredReconciliation), and every break it
-- has found (ballast.position.v1.Break): one that was is kept.
CREATE TABLE reconciliation (
  account_id text PRIMARY KEY,
  payload bytea NOT NULL
);
CREATE TABLE reconciliation_break (
  account_id text NOT NULL,
  break_id bigint NOT NULL,
  resolved boolean NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, break_id)
);
CREATE INDEX reconciliation_break_open ON reconciliation_break (account_id, break_id) WHERE NOT resolved;

-- What other services are to be told: stored in the transaction of what it is about, sent from here until it was taken.
CREATE TABLE outbox (
  outbox_id bigserial PRIMARY KEY,
  -- Who it is for: 1 compliance_audit, 2 alerts.
  target smallint NOT NULL,
  -- The request of the target's call, as protobuf. Its request id is always the same for one fact.
  request bytea NOT NULL
);
