-- The paper venue's own record of its trades, in its own numbers, from what it did and not from what was told of it: what our
-- books and the journal of reports are held against. A row holds the trades of one commit, at most 32; `trade_number` is the
-- last one's.
CREATE TABLE paper_trade (
  account_id text NOT NULL,
  trade_number bigint NOT NULL,
  trades int NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, trade_number)
);
DO $$
BEGIN
  ALTER TABLE paper_trade ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;
-- Trades from before are taken from the journal at the next start.
ALTER TABLE ledger ADD COLUMN trades_from_journal boolean NOT NULL DEFAULT false;
UPDATE ledger SET trades_from_journal = true;
