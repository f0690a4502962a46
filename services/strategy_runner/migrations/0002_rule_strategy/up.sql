-- Strategies written as rules. A version is written once; only `archived` changes, from false to true.
CREATE TABLE rule_strategy (
  name text NOT NULL,
  version int NOT NULL,
  request_id text NOT NULL UNIQUE,
  text text NOT NULL,
  metrics jsonb NOT NULL,
  actor text NOT NULL,
  create_nanos bigint NOT NULL,
  archived boolean NOT NULL DEFAULT false,
  PRIMARY KEY (name, version)
);
