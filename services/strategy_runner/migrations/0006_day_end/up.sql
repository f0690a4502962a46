-- How the days of accounts end; `policy` is session.v1.DayEndPolicy.
CREATE TABLE day_end_policy (
  account_id text NOT NULL,
  calendar int NOT NULL,
  policy bytea NOT NULL,
  PRIMARY KEY (account_id, calendar)
);
-- Each end of a day, once; `payload` is session.v1.DayEnd, with its report when there is one.
CREATE TABLE day_end (
  account_id text NOT NULL,
  calendar int NOT NULL,
  close_nanos bigint NOT NULL,
  -- It is still being worked on.
  open boolean NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, calendar, close_nanos)
);
CREATE INDEX day_end_newest ON day_end (close_nanos DESC, account_id, calendar);
