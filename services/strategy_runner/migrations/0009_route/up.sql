-- Plans of the router, each before its parts are sent: ballast/execution/v1/kept_route.proto.
CREATE TABLE route (
  request_id text PRIMARY KEY,
  create_nanos bigint NOT NULL,
  kept bytea NOT NULL
);
