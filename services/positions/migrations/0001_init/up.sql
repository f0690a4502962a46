-- Everything here is derived from the order log; `account.sequence` says up to where, in the same transaction.
CREATE TABLE account (
  account_id text PRIMARY KEY,
  mode int NOT NULL,
  currency text NOT NULL,
  opening_cash numeric NOT NULL,
  cash numeric NOT NULL,
  realised numeric NOT NULL,
  fees numeric NOT NULL,
  fills bigint NOT NULL,
  trades bigint NOT NULL,
  winning_trades bigint NOT NULL,
  sequence bigint NOT NULL,
  execution_sequence bigint NOT NULL,
  day_number bigint NOT NULL,
  day_start_equity numeric NOT NULL,
  peak_equity numeric NOT NULL
);

-- net: one row an instrument; else one row a deployment and instrument. Flat ones are deleted.
CREATE TABLE holding (
  account_id text NOT NULL REFERENCES account,
  net boolean NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  quantity numeric NOT NULL,
  cost numeric NOT NULL,
  realised numeric NOT NULL,
  fees numeric NOT NULL,
  highest numeric NOT NULL,
  lowest numeric NOT NULL,
  open_nanos bigint NOT NULL,
  update_nanos bigint NOT NULL,
  entry_quantity numeric NOT NULL,
  entry_notional numeric NOT NULL,
  exit_quantity numeric NOT NULL,
  exit_notional numeric NOT NULL,
  PRIMARY KEY (account_id, net, deployment_id, symbol)
);

CREATE TABLE book_total (
  account_id text NOT NULL REFERENCES account,
  deployment_id text NOT NULL,
  realised numeric NOT NULL,
  fees numeric NOT NULL,
  trades bigint NOT NULL,
  winning_trades bigint NOT NULL,
  last_trade_nanos bigint NOT NULL,
  peak_pnl numeric NOT NULL,
  max_drawdown numeric NOT NULL,
  day_start_pnl numeric NOT NULL,
  PRIMARY KEY (account_id, deployment_id)
);

CREATE TABLE fill (
  account_id text NOT NULL REFERENCES account,
  sequence bigint NOT NULL,
  execution_id text NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, sequence),
  UNIQUE (account_id, execution_id)
);

CREATE TABLE trade (
  account_id text NOT NULL REFERENCES account,
  number bigint NOT NULL,
  deployment_id text NOT NULL,
  symbol text NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (account_id, number)
);

CREATE TABLE equity_point (
  account_id text NOT NULL REFERENCES account,
  time_nanos bigint NOT NULL,
  equity numeric NOT NULL,
  cash numeric NOT NULL,
  PRIMARY KEY (account_id, time_nanos)
);
