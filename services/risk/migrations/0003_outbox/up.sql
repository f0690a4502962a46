-- What other services are to be told: stored in the transaction of what it is about, sent from here until it was taken.
CREATE TABLE outbox (
  outbox_id bigserial PRIMARY KEY,
  -- Who it is for: 1 compliance_audit, 2 alerts.
  target smallint NOT NULL,
  -- The request of the target's call, as protobuf. Its request id is always the same for one fact.
  request bytea NOT NULL,
  -- Why the target can never take it; it stays then.
  refusal text
);
CREATE INDEX outbox_open ON outbox (outbox_id) WHERE refusal IS NULL;
