-- Strategies that run in processes of their own, as they have described themselves: ballast.external.v1.Registration. A version is
-- written once.
CREATE TABLE external_strategy (
  name text NOT NULL,
  version text NOT NULL,
  registration bytea NOT NULL,
  create_nanos bigint NOT NULL,
  PRIMARY KEY (name, version)
);
