-- Limits of the firm (nothing is said), of deployments and of instruments, and overrides that end by themselves: of each
-- scope the newest version holds, older ones stay for the record. Overrides are counted apart.
CREATE TABLE limit_set (
  account_id text NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  is_override boolean NOT NULL,
  version bigint NOT NULL,
  payload bytea NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  request_id text NOT NULL UNIQUE,
  update_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, deployment_id, symbol, is_override, version)
);
