-- A row holds the reports of one commit, at most 32 of them: `execution_sequence` is the last one's, `reports` says how many
-- there are, and the payload has them one after the other. Rows from before hold one report each (`reports` 0).
ALTER TABLE execution ADD COLUMN reports int NOT NULL DEFAULT 0;
DO $$
BEGIN
  ALTER TABLE execution ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;

CREATE FUNCTION append_reports(account_ids text[], first_sequences bigint[], last_sequences bigint[], payloads bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A key for each report is what the journal had: no number is given twice.
  IF EXISTS (SELECT FROM (SELECT a, min(f) AS f FROM unnest(account_ids, first_sequences) AS row (a, f) GROUP BY a) AS page
             WHERE page.f <= (SELECT max(e.execution_sequence) FROM execution e WHERE e.account_id = page.a)) THEN
    RAISE unique_violation USING MESSAGE = 'a number of a report is given already';
  END IF;
  INSERT INTO execution (account_id, execution_sequence, payload, reports)
  SELECT a, l, p, l - f + 1 FROM unnest(account_ids, first_sequences, last_sequences, payloads) AS row (a, f, l, p);
END $$;
