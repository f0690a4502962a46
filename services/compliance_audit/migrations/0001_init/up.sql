-- The chain. Only ever appended to; the hashes cover every column but themselves.
CREATE TABLE record (
  sequence bigint PRIMARY KEY,
  -- Nanoseconds since 1970: timestamptz would round, and the hash would no longer fit.
  time_ns bigint NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  detail text NOT NULL,
  request_id text NOT NULL,
  account_id text NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL
);
CREATE INDEX record_account ON record (account_id, sequence);
CREATE INDEX record_subject ON record (subject, sequence);
CREATE INDEX record_action ON record (action text_pattern_ops, sequence);
-- Which request of AppendRecord became which record.
CREATE TABLE append_request (
  request_id text PRIMARY KEY,
  sequence bigint NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$body$;
CREATE TRIGGER record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_request_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON append_request
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where the chain ended at the last commit: records missing at the end are found by it.
CREATE TABLE chain_head (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  sequence bigint NOT NULL,
  hash text NOT NULL,
  time_ns bigint NOT NULL
);
-- Last event of each account that is in the chain.
CREATE TABLE order_cursor (
  account_id text PRIMARY KEY,
  sequence bigint NOT NULL
);
