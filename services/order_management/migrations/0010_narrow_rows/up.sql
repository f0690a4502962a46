-- What an order is stands in its newest event and nowhere else: its row only says which events are its own. A row that is
-- written three times is a third as wide, and the log needs no tree of order ids, most of which was touched at random.
ALTER TABLE order_state ADD COLUMN sequences bigint[] NOT NULL DEFAULT '{}';
UPDATE order_state SET sequences = log.sequences
FROM (SELECT order_id, array_agg(sequence ORDER BY sequence) AS sequences FROM event WHERE order_id <> '' GROUP BY order_id) log
WHERE log.order_id = order_state.order_id;
ALTER TABLE order_state ALTER COLUMN sequences DROP DEFAULT, DROP COLUMN payload;
DROP INDEX event_order;
ALTER TABLE event DROP COLUMN order_id;
-- Which can still change, apart: a row's later states touch no index then.
CREATE TABLE working_order (order_id text PRIMARY KEY);
INSERT INTO working_order SELECT order_id FROM order_state WHERE working;
DROP INDEX order_state_working;
ALTER TABLE order_state DROP COLUMN working;
ALTER TABLE working_order SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
-- Room for the states that follow the first one; vacuumed before it is large.
ALTER TABLE order_state SET (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02);

DROP FUNCTION append_events(text[], bigint[], text[], int[], bytea[], bytea[]);
CREATE FUNCTION append_events(account_ids text[], sequences bigint[], event_types int[], payloads bytea[], checks bytea[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event (account_id, sequence, event_type, payload, checks)
  SELECT * FROM unnest(account_ids, sequences, event_types, payloads, checks);
END $$;

DROP FUNCTION save_orders(text[], text[], bigint[], text[], text[], int[], boolean[], bigint[], bytea[]);
-- `own_sequences`: arrays as text. Of an order with very many events the first are kept: the others lie between the last of
-- them and the newest one.
CREATE FUNCTION save_orders(order_ids text[], account_ids text[], sequences bigint[], symbols text[], deployment_ids text[],
                            statuses int[], workings boolean[], creates bigint[], own_sequences text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_state (order_id, account_id, sequence, symbol, deployment_id, status, create_nanos, sequences)
  SELECT o, a, n, s, d, t, c, e::bigint[]
  FROM unnest(order_ids, account_ids, sequences, symbols, deployment_ids, statuses, workings, creates, own_sequences)
    AS row (o, a, n, s, d, t, w, c, e)
  ON CONFLICT (order_id) DO UPDATE SET sequence = excluded.sequence, status = excluded.status,
    sequences = CASE WHEN cardinality(order_state.sequences) < 200 THEN order_state.sequences || excluded.sequences
                ELSE order_state.sequences END;
  INSERT INTO working_order SELECT o FROM unnest(order_ids, workings) AS row (o, w) WHERE w ON CONFLICT DO NOTHING;
  DELETE FROM working_order WHERE order_id IN (SELECT o FROM unnest(order_ids, workings) AS row (o, w) WHERE NOT w);
END $$;
