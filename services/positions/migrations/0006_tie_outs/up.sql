-- The certificate of each day that has ended (ballast.position.v1.TieOut). One that is made is never written over.
CREATE TABLE tie_out (
  account_id text NOT NULL,
  day_number bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, day_number)
);
