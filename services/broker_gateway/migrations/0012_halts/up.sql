-- A halt of the simulated market goes on after a restart: how long, where the price stood, and why.
ALTER TABLE simulator_state ADD COLUMN halt_steps_left bigint NOT NULL DEFAULT 0;
ALTER TABLE simulator_state ADD COLUMN halt_mid bigint NOT NULL DEFAULT 0;
ALTER TABLE simulator_state ADD COLUMN halt_reason bigint NOT NULL DEFAULT 0;

-- Ids are made of numbers that are never given again, also where what they are of was told to nobody (an order made elsewhere).
ALTER TABLE ledger ADD COLUMN id_number bigint NOT NULL DEFAULT 0;
