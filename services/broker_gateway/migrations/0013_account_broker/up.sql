-- Which broker an account was opened with; one without a row is with the paper venue, as all were before.
CREATE TABLE account_broker (
  account_id text PRIMARY KEY,
  broker text NOT NULL
);
-- Of an order at a venue whose books are elsewhere: the trades of it that are told already, by the venue's ids
-- (ballast.broker.v1.ReportBatch), and whether its stop was reached.
ALTER TABLE desk_order ADD COLUMN trades bytea;
ALTER TABLE desk_order ADD COLUMN triggered boolean NOT NULL DEFAULT false;
