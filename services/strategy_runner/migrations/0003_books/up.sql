-- Times the settings were changed, and what is kept of profit, trades, sizing and volatility: ballast/strategy/v1/kept.proto.
ALTER TABLE deployment ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE deployment ADD COLUMN book bytea NOT NULL DEFAULT '';
ALTER TABLE symbol_state ADD COLUMN book bytea NOT NULL DEFAULT '';
