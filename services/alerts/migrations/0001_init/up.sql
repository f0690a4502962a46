-- Types and levels carry the numbers of ballast.alert.v1; times are nanoseconds since 1970.
CREATE TABLE alert (
  alert_id bigint PRIMARY KEY,
  type smallint NOT NULL,
  level smallint NOT NULL,
  title text NOT NULL,
  text text NOT NULL,
  account_id text NOT NULL,
  deployment_id text NOT NULL,
  order_id text NOT NULL,
  symbol text NOT NULL,
  first_time_ns bigint NOT NULL,
  last_time_ns bigint NOT NULL,
  count bigint NOT NULL,
  acknowledged boolean NOT NULL,
  acknowledged_by text NOT NULL,
  acknowledge_time_ns bigint NOT NULL
);
CREATE INDEX alert_unacknowledged ON alert (alert_id) WHERE NOT acknowledged;
CREATE INDEX alert_level ON alert (level, alert_id);
-- Which request of RaiseAlert became (part of) which alert; the fingerprint tells a repetition from a reused id.
CREATE TABLE raise_request (
  request_id text PRIMARY KEY,
  alert_id bigint NOT NULL,
  fingerprint text NOT NULL
);
-- Last event of each account whose alerts are stored.
CREATE TABLE order_cursor (
  account_id text PRIMARY KEY,
  sequence bigint NOT NULL
);
