-- A figure that could not be valued when it was due: the first equity that is known takes its place.
ALTER TABLE equity_mark ADD COLUMN day_start_unknown boolean NOT NULL DEFAULT false;
ALTER TABLE equity_mark ADD COLUMN peak_unknown boolean NOT NULL DEFAULT false;

-- Loss rules that are tripped, with the numbers of that moment; gone when a person has re-armed them.
CREATE TABLE loss_trip (
  account_id text NOT NULL REFERENCES equity_mark,
  rule text NOT NULL,
  trip_nanos bigint NOT NULL,
  day_number bigint NOT NULL,
  baseline numeric NOT NULL,
  equity numeric NOT NULL,
  limit_amount numeric NOT NULL,
  PRIMARY KEY (account_id, rule)
);

-- Who re-armed what, and why; kept for ever.
CREATE TABLE loss_rearm (
  account_id text NOT NULL,
  request_id text NOT NULL,
  asked text NOT NULL,
  rearmed text NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  rearm_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, request_id)
);

-- The last prices of the newest session day (rank 1) and of the one before it (rank 0) of what is held: a day's loss is
-- measured from there, also after a restart between close and open.
CREATE TABLE close_mark (
  symbol text NOT NULL,
  day_rank int NOT NULL,
  day_number bigint NOT NULL,
  bid numeric NOT NULL,
  ask numeric NOT NULL,
  in_session boolean NOT NULL,
  time_nanos bigint NOT NULL,
  PRIMARY KEY (symbol, day_rank)
);
