-- Records of order events that became durable together are a row, at most 32 of them: `last_sequence` is the last one's. What
-- is hashed is the same as before, and the chain goes on over the change: older records stay where they are, and so does what
-- other services append.
CREATE TABLE record_page (
  last_sequence bigint PRIMARY KEY,
  records int NOT NULL,
  -- Of the record before the first.
  previous_hash bytea NOT NULL,
  -- Which kinds of order event are in it, a bit each; bit 0: one that has no number.
  kinds bigint NOT NULL,
  -- Which subjects and accounts are: every bit of one that is in it is set, and seldom all of one that is not.
  names bytea NOT NULL,
  -- The records one after the other, each with its hash.
  payload bytea NOT NULL
);
-- Records say much the same: where this Postgres has the faster compression it is used.
DO $$
BEGIN
  ALTER TABLE record_page ALTER COLUMN payload SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END $$;
CREATE TRIGGER record_page_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_page
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- The record before may be in a page.
ALTER TABLE record ADD COLUMN previous_hash bytea;

-- Whether every bit of a name is set.
CREATE FUNCTION may_name(names bytea, first bigint, step bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT get_bit(names, first % (8 * length(names))) = 1 AND get_bit(names, (first + step) % (8 * length(names))) = 1
     AND get_bit(names, (first + 2 * step) % (8 * length(names))) = 1
     AND get_bit(names, (first + 3 * step) % (8 * length(names))) = 1
$$;

CREATE FUNCTION append_record_pages(first_sequence bigint, last_sequences bigint[], counts int[], previous_hashes bytea[],
                                    kinds_of bigint[], names_of bytea[], payloads bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- A key for each record is what the chain had: no number is given twice.
  IF first_sequence <= greatest((SELECT max(last_sequence) FROM record_page), (SELECT max(sequence) FROM record)) THEN
    RAISE unique_violation USING MESSAGE = 'a sequence is in the chain already';
  END IF;
  INSERT INTO record_page
  SELECT unnest(last_sequences), unnest(counts), unnest(previous_hashes), unnest(kinds_of), unnest(names_of),
         unnest(payloads);
END $$;
DROP FUNCTION append_records(bigint[], bigint[], bytea[], text[], text[], text[], text[], text[], text[]);
CREATE FUNCTION append_records(sequences bigint[], times bigint[], hashes bytea[], accounts text[], actors text[],
                               actions text[], subjects text[], requests text[], details text[], previous_hashes bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF sequences[1] <= (SELECT max(last_sequence) FROM record_page) THEN
    RAISE unique_violation USING MESSAGE = 'a sequence is in the chain already';
  END IF;
  INSERT INTO record
  SELECT unnest(sequences), unnest(times), unnest(hashes), unnest(accounts), unnest(actors), unnest(actions),
         unnest(subjects), unnest(requests), unnest(details), unnest(previous_hashes);
END $$;
