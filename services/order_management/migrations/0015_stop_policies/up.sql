-- What was paid for what each book holds, beside the quantities; '' where a former version stored them without.
ALTER TABLE books ADD COLUMN costs text[] NOT NULL DEFAULT '{}';

-- Which protection positions must have. symbol '' : the account's default. book '': every book of the symbol, else '=' and
-- the deployment (alone: the book of hand-made orders). The payload is a ballast.order.v1.StopPolicyEntry.
CREATE TABLE stop_policy (
  account_id text NOT NULL,
  symbol text NOT NULL,
  book text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, symbol, book)
);
