-- A commit is one call: inside functions Postgres keeps the plans, which cost more than the rows of a small commit.
CREATE FUNCTION append_events(account_ids text[], sequences bigint[], order_ids text[], event_types int[],
                              payloads bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event SELECT * FROM unnest(account_ids, sequences, order_ids, event_types, payloads);
END $$;

CREATE FUNCTION save_orders(order_ids text[], account_ids text[], sequences bigint[], symbols text[],
                            deployment_ids text[], statuses int[], workings boolean[], creates bigint[],
                            payloads bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_state
  SELECT * FROM unnest(order_ids, account_ids, sequences, symbols, deployment_ids, statuses, workings, creates, payloads)
  ON CONFLICT (order_id) DO UPDATE SET sequence = excluded.sequence, status = excluded.status,
    working = excluded.working, payload = excluded.payload;
END $$;

CREATE FUNCTION save_account(id text, new_mode int, new_currency text, new_opening_cash numeric, new_last_sequence bigint,
                             new_execution_sequence bigint, new_halted boolean, new_halt_reason text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account SET mode = new_mode, currency = new_currency, opening_cash = new_opening_cash,
    last_sequence = new_last_sequence, execution_sequence = new_execution_sequence, halted = new_halted,
    halt_reason = new_halt_reason
  WHERE account_id = id;
END $$;
