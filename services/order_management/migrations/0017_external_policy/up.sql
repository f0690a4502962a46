-- What becomes of orders and trades of the account that were made elsewhere (ballast.order.v1.ExternalPolicy); empty: a person
-- is asked.
ALTER TABLE account ADD COLUMN external_policy bytea NOT NULL DEFAULT '';

-- Whose book an order is of may be said later, of one that was made elsewhere. Otherwise as it was.
CREATE OR REPLACE FUNCTION index_orders(of_accounts text[], from_sequences bigint[], to_sequences bigint[], order_ids text[],
                             account_ids text[], sequences bigint[], symbols text[], deployment_ids text[], statuses int[],
                             workings boolean[], creates bigint[], own_sequences text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  other boolean;
  gap boolean;
BEGIN
  SELECT bool_or(done.indexed_sequence <> f), bool_or(done.indexed_sequence < f) INTO other, gap
  FROM (SELECT a.account_id, a.indexed_sequence FROM account a WHERE a.account_id = ANY (of_accounts)
        ORDER BY a.account_id COLLATE "C" FOR NO KEY UPDATE) AS done
  JOIN (SELECT unnest(of_accounts) AS i, unnest(from_sequences) AS f) AS asked ON asked.i = done.account_id;
  -- What lies between is to be counted first: by whoever reads the log.
  IF gap THEN
    RETURN;
  END IF;
  IF other THEN
    INSERT INTO order_state AS there (order_id, account_id, sequence, symbol, deployment_id, status, create_nanos, sequences)
    SELECT o, row.a, n, s, d, t, c, ARRAY(SELECT u FROM unnest(e::bigint[]) AS u WHERE u > account.indexed_sequence)
    FROM (SELECT unnest(order_ids) AS o, unnest(account_ids) AS a, unnest(sequences) AS n, unnest(symbols) AS s,
                 unnest(deployment_ids) AS d, unnest(statuses) AS t, unnest(creates) AS c, unnest(own_sequences) AS e) AS row
    JOIN account ON account.account_id = row.a
    WHERE n > account.indexed_sequence
    ON CONFLICT (order_id) DO UPDATE SET sequence = excluded.sequence, status = excluded.status, deployment_id = excluded.deployment_id,
      sequences = CASE WHEN cardinality(there.sequences) < 200 THEN there.sequences || excluded.sequences
                  ELSE there.sequences END;
    -- What is newer is known by then, and says whether the order can still change.
    INSERT INTO working_order
    SELECT o FROM (SELECT unnest(order_ids) AS o, unnest(sequences) AS n, unnest(workings) AS w) AS row
    JOIN order_state ON order_state.order_id = o AND order_state.sequence = n WHERE w ON CONFLICT DO NOTHING;
    DELETE FROM working_order WHERE order_id IN (
      SELECT o FROM (SELECT unnest(order_ids) AS o, unnest(sequences) AS n, unnest(workings) AS w) AS row
      JOIN order_state ON order_state.order_id = o AND order_state.sequence = n WHERE NOT w);
  ELSE
    INSERT INTO order_state AS there (order_id, account_id, sequence, symbol, deployment_id, status, create_nanos, sequences)
    SELECT unnest(order_ids), unnest(account_ids), unnest(sequences), unnest(symbols), unnest(deployment_ids),
           unnest(statuses), unnest(creates), unnest(own_sequences)::bigint[]
    ON CONFLICT (order_id) DO UPDATE SET sequence = excluded.sequence, status = excluded.status, deployment_id = excluded.deployment_id,
      sequences = CASE WHEN cardinality(there.sequences) < 200 THEN there.sequences || excluded.sequences
                  ELSE there.sequences END;
    IF true = ANY (workings) THEN
      INSERT INTO working_order
      SELECT o FROM (SELECT unnest(order_ids) AS o, unnest(workings) AS w) AS row WHERE w ON CONFLICT DO NOTHING;
    END IF;
    -- Of the many that have come and gone since, no row is there.
    DELETE FROM working_order WHERE order_id IN (
      SELECT o FROM (SELECT unnest(order_ids) AS o, unnest(workings) AS w) AS row WHERE NOT w);
  END IF;
  UPDATE account SET indexed_sequence = greatest(indexed_sequence, t)
  FROM (SELECT unnest(of_accounts) AS i, unnest(to_sequences) AS t) AS asked WHERE account_id = i;
END $$;
