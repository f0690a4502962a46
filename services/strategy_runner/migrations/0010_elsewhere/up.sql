-- Orders that were refused unsent and may go elsewhere: ElsewhereOrder of ballast/execution/v1/elsewhere_service.proto.
CREATE TABLE elsewhere_order (
  order_id text PRIMARY KEY,
  reject_nanos bigint NOT NULL,
  active boolean NOT NULL,
  kept bytea NOT NULL
);
CREATE INDEX elsewhere_order_newest ON elsewhere_order (reject_nanos DESC, order_id DESC);
CREATE INDEX elsewhere_order_active ON elsewhere_order (reject_nanos) WHERE active;
-- How far the order log was read, by account that has a policy.
CREATE TABLE elsewhere_cursor (
  account_id text PRIMARY KEY,
  sequence bigint NOT NULL
);
