-- Where each source of the market stands: a restart goes on from there. Bars belong to the source they came from.
CREATE TABLE market_position (
  source text PRIMARY KEY,
  step bigint NOT NULL,
  time_nanos bigint NOT NULL
);
ALTER TABLE bar ADD COLUMN source text NOT NULL DEFAULT 'simulated';
ALTER TABLE bar DROP CONSTRAINT bar_pkey;
ALTER TABLE bar ADD PRIMARY KEY (source, symbol, timeframe, start_nanos);
