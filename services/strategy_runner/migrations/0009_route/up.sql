-- Routes, each stored before its legs are sent: Route of ballast/execution/v1/routing_service.proto.
CREATE TABLE route (
  request_id text PRIMARY KEY,
  create_nanos bigint NOT NULL,
  active boolean NOT NULL,
  kept bytea NOT NULL
);
CREATE INDEX route_newest ON route (create_nanos DESC, request_id DESC);
CREATE INDEX route_active ON route (create_nanos) WHERE active;
