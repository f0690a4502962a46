-- A row of the log holds the events of one commit, at most 32 of them: `sequence` is the last one's, `events` says how many
-- there are, and the payload has them one after the other with what risk said of each. The event with a number is in the
-- first row at or after it. Rows from before hold one event each (`events` 0) and are read as they are.
ALTER TABLE event ADD COLUMN events int NOT NULL DEFAULT 0;
-- Of them: those that move the books. `event_type` of such a row is 6, of another 0, so that event_booked has it.
ALTER TABLE event ADD COLUMN booked int NOT NULL DEFAULT 0;
-- The states of an order say the same again: where this Postgres has the faster compression it is used.
DO $$
BEGIN
  ALTER TABLE event ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;

DROP FUNCTION append_events(text[], bigint[], int[], bytea[], bytea[]);
CREATE FUNCTION append_pages(account_ids text[], first_sequences bigint[], last_sequences bigint[], booked_events int[],
                             payloads bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A key for each event is what the log had: no number is given twice.
  IF EXISTS (SELECT FROM (SELECT a, min(f) AS f FROM unnest(account_ids, first_sequences) AS row (a, f) GROUP BY a) AS page
             WHERE page.f <= (SELECT max(e.sequence) FROM event e WHERE e.account_id = page.a)) THEN
    RAISE unique_violation USING MESSAGE = 'a sequence is in the log already';
  END IF;
  INSERT INTO event (account_id, sequence, event_type, payload, checks, events, booked)
  SELECT a, l, CASE WHEN b > 0 THEN 6 ELSE 0 END, p, '', l - f + 1, b
  FROM unnest(account_ids, first_sequences, last_sequences, booked_events, payloads) AS row (a, f, l, b, p);
END $$;
