-- Parent orders that an algorithm works: ballast/execution/v1/kept_algo.proto.
CREATE TABLE algo_order (
  algo_order_id text PRIMARY KEY,
  account_id text NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  request_id text NOT NULL,
  -- It has not ended.
  active boolean NOT NULL,
  -- It has ended, and the market is still looked at for its fills.
  watched boolean NOT NULL,
  create_nanos bigint NOT NULL,
  kept bytea NOT NULL,
  UNIQUE (account_id, request_id)
);
CREATE INDEX algo_order_active ON algo_order (algo_order_id) WHERE active OR watched;
CREATE INDEX algo_order_newest ON algo_order (create_nanos DESC, algo_order_id DESC);

-- Written before the child is sent: after a crash it is looked up, and never sent under another id.
CREATE TABLE algo_child (
  algo_order_id text NOT NULL REFERENCES algo_order,
  number bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (algo_order_id, number)
);
