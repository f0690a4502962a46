-- Limits are versioned: the newest version of an account holds, older ones stay for the record.
CREATE TABLE limits (
  account_id text NOT NULL,
  version bigint NOT NULL,
  payload bytea NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  request_id text NOT NULL,
  update_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, version)
);
CREATE UNIQUE INDEX limits_request ON limits (account_id, request_id);
-- What cannot be read back from the order log: where the day began and the highest equity.
CREATE TABLE equity_mark (
  account_id text PRIMARY KEY,
  day_number bigint NOT NULL,
  day_start_equity numeric NOT NULL,
  peak_equity numeric NOT NULL
);
