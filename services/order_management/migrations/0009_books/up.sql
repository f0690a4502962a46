-- The books of an account as the fills up to `sequence` have left them: a start reads the fills after it, however many
-- there ever were. Decimals as text; flat books have no entry.
CREATE TABLE books (
  account_id text PRIMARY KEY REFERENCES account,
  sequence bigint NOT NULL,
  deployment_ids text[] NOT NULL,
  symbols text[] NOT NULL,
  quantities text[] NOT NULL
);
