-- How orders were executed: KeptOrderQuality of ballast/execution/v1/kept_order_quality.proto.
CREATE TABLE order_quality (
  order_id text PRIMARY KEY,
  account_id text NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  create_nanos bigint NOT NULL,
  -- A parent order's child.
  child boolean NOT NULL,
  -- It may still trade, or a moment after a fill is still to be looked at.
  watched boolean NOT NULL,
  kept bytea NOT NULL
);
CREATE INDEX order_quality_newest ON order_quality (create_nanos DESC, order_id DESC);
CREATE INDEX order_quality_watched ON order_quality (create_nanos) WHERE watched;
-- How far the order log was read for it, by account.
CREATE TABLE order_quality_cursor (
  account_id text PRIMARY KEY,
  sequence bigint NOT NULL
);
