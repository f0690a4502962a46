-- Orders that the gateway has and the venue has not answered, or that it is asked about: a start tells them as unknown and
-- asks for them. `way` as in broker::OrderDesk::Way.
CREATE TABLE desk_order (
  order_id text PRIMARY KEY,
  account_id text NOT NULL,
  payload bytea NOT NULL,
  way bigint NOT NULL,
  cancel_wanted boolean NOT NULL,
  contradicted boolean NOT NULL,
  replace_answered bigint NOT NULL
);
