-- What risk said stands apart from the event: most who read events do not want it. Older rows have it in the payload.
ALTER TABLE event ADD COLUMN checks bytea NOT NULL DEFAULT '';

DROP FUNCTION append_events(text[], bigint[], text[], int[], bytea[]);
CREATE FUNCTION append_events(account_ids text[], sequences bigint[], order_ids text[], event_types int[],
                              payloads bytea[], checks bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event SELECT * FROM unnest(account_ids, sequences, order_ids, event_types, payloads, checks);
END $$;
