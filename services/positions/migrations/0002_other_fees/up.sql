-- Fees in other currencies than the account's, summed.
CREATE TABLE other_fee (
  account_id text NOT NULL REFERENCES account,
  currency text NOT NULL,
  amount numeric NOT NULL,
  PRIMARY KEY (account_id, currency)
);
