-- A day that began while something could not be valued starts with the first equity that is known.
ALTER TABLE account ADD COLUMN day_start_unknown boolean NOT NULL DEFAULT false;
ALTER TABLE book_total ADD COLUMN day_start_unknown boolean NOT NULL DEFAULT false;

-- The last prices of the newest session day (rank 1) and of the one before it (rank 0) of what is held: results of a day
-- start from there, also after a restart between close and open.
CREATE TABLE close_mark (
  symbol text NOT NULL,
  day_rank int NOT NULL,
  day_number bigint NOT NULL,
  bid numeric NOT NULL,
  ask numeric NOT NULL,
  in_session boolean NOT NULL,
  time_nanos bigint NOT NULL,
  PRIMARY KEY (symbol, day_rank)
);
