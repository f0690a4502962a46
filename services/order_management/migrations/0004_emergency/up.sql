-- Emergency commands, one row for each press; ended ones stay, so that one that comes late starts nothing.
CREATE TABLE emergency (
  account_id text NOT NULL REFERENCES account,
  command_id text NOT NULL,
  level int NOT NULL,
  reason text NOT NULL,
  actor text NOT NULL,
  press_nanos bigint NOT NULL,
  phase int NOT NULL,
  take_nanos bigint NOT NULL,
  done_nanos bigint NOT NULL,
  end_nanos bigint NOT NULL,
  end_reason text NOT NULL,
  end_actor text NOT NULL,
  orders_found int NOT NULL,
  closes_sent int NOT NULL,
  PRIMARY KEY (account_id, command_id)
);

-- The command that stopped it; empty: it may trade.
ALTER TABLE deployment ADD COLUMN stopped_by text NOT NULL DEFAULT '';
