-- Changes that raise a limit and wait, or waited, for a second person (ballast.risk.v1.LimitChange).
CREATE TABLE limit_change (
  change_id text PRIMARY KEY,
  pending boolean NOT NULL,
  payload bytea NOT NULL,
  propose_time timestamptz NOT NULL DEFAULT now()
);
