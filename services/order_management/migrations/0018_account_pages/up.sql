-- What nearly every commit is: pages of one account's log and where the account stands, by the writer of this epoch. One
-- statement where there were three. The account says which numbers are given: it moves with each of its commits.
CREATE FUNCTION append_account_pages(writer text, writer_epoch_wanted bigint, id text, first_sequences bigint[],
                                     last_sequences bigint[], booked_events int[], payloads bytea[], new_mode int,
                                     new_currency text, new_opening_cash numeric, new_execution_sequence bigint,
                                     new_halted boolean, new_halt_reason text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  pages int := cardinality(last_sequences);
BEGIN
  -- As require_epoch: the row stays locked until the commit.
  PERFORM FROM writer_epoch WHERE key = writer AND epoch = writer_epoch_wanted FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a newer writer has taken over' USING ERRCODE = 'BF001';
  END IF;
  UPDATE account SET mode = new_mode, currency = new_currency, opening_cash = new_opening_cash,
    last_sequence = last_sequences[pages], execution_sequence = new_execution_sequence, halted = new_halted,
    halt_reason = new_halt_reason
  WHERE account_id = id AND last_sequence < first_sequences[1];
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM account WHERE account_id = id) THEN
      RAISE unique_violation USING MESSAGE = 'a sequence is in the log already';
    END IF;
    RAISE EXCEPTION 'there is no account %', id;
  END IF;
  IF pages = 1 THEN
    INSERT INTO event (account_id, sequence, event_type, payload, checks, events, booked)
    VALUES (id, last_sequences[1], CASE WHEN booked_events[1] > 0 THEN 6 ELSE 0 END, payloads[1], '',
            last_sequences[1] - first_sequences[1] + 1, booked_events[1]);
  ELSE
    INSERT INTO event (account_id, sequence, event_type, payload, checks, events, booked)
    SELECT id, l, CASE WHEN b > 0 THEN 6 ELSE 0 END, p, '', l - f + 1, b
    FROM unnest(first_sequences, last_sequences, booked_events, payloads) AS row (f, l, b, p);
  END IF;
END $$;
