-- The reports of a commit by the writer of this epoch: one statement where there were two, and no number is given twice.
-- The function without them stays for a version that goes back.
CREATE FUNCTION append_reports(writer text, writer_epoch_wanted bigint, account_ids text[], first_sequences bigint[],
                               last_sequences bigint[], payloads bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- As require_epoch: the row stays locked until the commit.
  PERFORM FROM writer_epoch WHERE key = writer AND epoch = writer_epoch_wanted FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a newer writer has taken over' USING ERRCODE = 'BF001';
  END IF;
  IF EXISTS (SELECT FROM unnest(account_ids, first_sequences) AS row (a, f)
             WHERE f <= (SELECT max(e.execution_sequence) FROM execution e WHERE e.account_id = a)) THEN
    RAISE unique_violation USING MESSAGE = 'a number of a report is given already';
  END IF;
  INSERT INTO execution (account_id, execution_sequence, payload, reports)
  SELECT a, l, p, l - f + 1 FROM unnest(account_ids, first_sequences, last_sequences, payloads) AS row (a, f, l, p);
END $$;
