-- What the order log up to `applied_sequence` has made of an account (ballast.risk.v1.StoredExposure). It may be behind:
-- what follows is read from the log.
CREATE TABLE exposure (
  account_id text PRIMARY KEY,
  applied_sequence bigint NOT NULL,
  payload bytea NOT NULL
);
