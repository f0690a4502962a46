-- The same rows. In FROM each array becomes a table of its own in memory before the first row is written; in the list of
-- results they are walked together.
CREATE OR REPLACE FUNCTION append_records(sequences bigint[], times bigint[], hashes bytea[], accounts text[],
                                          actors text[], actions text[], subjects text[], requests text[],
                                          details text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO record
  SELECT unnest(sequences), unnest(times), unnest(hashes), unnest(accounts), unnest(actors), unnest(actions),
         unnest(subjects), unnest(requests), unnest(details);
END $$;
