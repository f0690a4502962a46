-- The newest order manager each account was seen with: several of them share the accounts.
CREATE TABLE account_epoch (
  account_id text PRIMARY KEY,
  epoch bigint NOT NULL
);
INSERT INTO account_epoch SELECT account_id, epoch FROM ledger, session_epoch;
DROP TABLE session_epoch;
