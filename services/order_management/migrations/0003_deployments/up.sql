-- The deployments orders may name; never deleted, so that the book of one that is gone can still be closed.
CREATE TABLE deployment (
  account_id text NOT NULL REFERENCES account,
  deployment_id text NOT NULL,
  PRIMARY KEY (account_id, deployment_id)
);
-- Whoever has traded before there was a register.
INSERT INTO deployment SELECT DISTINCT account_id, deployment_id FROM order_state WHERE deployment_id <> '';

-- The books are made from the fills (event type 6) at every start.
CREATE INDEX event_fill ON event (account_id, sequence) WHERE event_type = 6;
