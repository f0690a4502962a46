-- A user's own bars, in versions that never change. A deleted one keeps this row and loses its bars: who had it when is not
-- forgotten, and its number is not given again.
CREATE TABLE bar_data_set (
  data_set_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  version int NOT NULL,
  symbol text NOT NULL,
  timeframe text NOT NULL,
  length_seconds bigint NOT NULL,
  row_count bigint NOT NULL,
  first_nanos bigint NOT NULL,
  last_nanos bigint NOT NULL,
  gap_count bigint NOT NULL,
  missing_bars bigint NOT NULL,
  left_out bigint NOT NULL,
  has_quotes boolean NOT NULL,
  format text NOT NULL,
  -- As SYMBOL,asset_class=…: what the data was judged by and is played with.
  instrument text NOT NULL,
  file_name text NOT NULL,
  source_sha256 text NOT NULL,
  -- What was asked for beside the file: the same file with other wishes is another version.
  settings text NOT NULL,
  imported_nanos bigint NOT NULL,
  actor text NOT NULL,
  deleted_nanos bigint,
  deleted_by text,
  UNIQUE (name, version)
);
CREATE UNIQUE INDEX bar_data_set_source ON bar_data_set (name, source_sha256, settings) WHERE deleted_nanos IS NULL;
-- Prices and sizes as they were written; a part of the table for each year, so that a range of time reads its own.
CREATE TABLE bar_data_row (
  data_set_id bigint NOT NULL,
  start_nanos bigint NOT NULL,
  open numeric NOT NULL,
  high numeric NOT NULL,
  low numeric NOT NULL,
  close numeric NOT NULL,
  volume numeric NOT NULL,
  bid numeric,
  bid_size numeric,
  ask numeric,
  ask_size numeric,
  PRIMARY KEY (data_set_id, start_nanos)
) PARTITION BY RANGE (start_nanos);
DO $$
DECLARE
  year int;
  low bigint;
  high bigint;
BEGIN
  CREATE TABLE bar_data_row_before_2000 PARTITION OF bar_data_row FOR VALUES FROM (MINVALUE) TO (946684800000000000);
  FOR year IN 2000..2039 LOOP
    low := extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'))::bigint * 1000000000;
    high := extract(epoch FROM make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'))::bigint * 1000000000;
    EXECUTE format('CREATE TABLE bar_data_row_%s PARTITION OF bar_data_row FOR VALUES FROM (%s) TO (%s)', year, low, high);
  END LOOP;
  CREATE TABLE bar_data_row_from_2040 PARTITION OF bar_data_row FOR VALUES FROM (2208988800000000000) TO (MAXVALUE);
END $$;
CREATE TABLE bar_data_gap (
  data_set_id bigint NOT NULL,
  first_nanos bigint NOT NULL,
  last_nanos bigint NOT NULL,
  bars bigint NOT NULL,
  PRIMARY KEY (data_set_id, first_nanos)
);
