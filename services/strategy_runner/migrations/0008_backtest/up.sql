-- Backtests that people asked for (docs/reference/backtest.md). `spec` is a ballast.backtest.v1.BacktestSpec; `status` a
-- BacktestStatus; `figures` what a list shows; `report` is there when it has succeeded.
CREATE TABLE backtest (
  number bigserial PRIMARY KEY,
  request_id text NOT NULL UNIQUE,
  spec bytea NOT NULL,
  kind int NOT NULL,
  strategy_id text NOT NULL,
  -- Of strategy, version and parameters: what "a backtest on file" is looked for by.
  fingerprint text NOT NULL,
  status int NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  total bigint NOT NULL DEFAULT 0,
  message text NOT NULL DEFAULT '',
  actor text NOT NULL,
  version text NOT NULL DEFAULT '',
  create_nanos bigint NOT NULL,
  start_nanos bigint NOT NULL DEFAULT 0,
  end_nanos bigint NOT NULL DEFAULT 0,
  figures jsonb NOT NULL DEFAULT '{}',
  report bytea
);
CREATE INDEX backtest_open ON backtest (number) WHERE status IN (1, 2);
CREATE INDEX backtest_fingerprint ON backtest (fingerprint, number) WHERE status = 3;
