-- Who writes the logs of which accounts. Every claim takes an epoch above all there ever were, whichever shard it is of:
-- an account that goes with another shard later still never sees an older one.
CREATE TABLE shard_lease (
  shard int PRIMARY KEY,
  owner text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  epoch bigint NOT NULL,
  renewals bigint NOT NULL DEFAULT 0,
  wanted_by text NOT NULL DEFAULT ''
);
INSERT INTO shard_lease (shard, epoch)
SELECT 0, coalesce(max(epoch), 0) + 1 FROM writer_epoch WHERE key = 'order_management';
-- The one writer of former versions, should it still run.
UPDATE writer_epoch SET epoch = epoch + 1 WHERE key = 'order_management';
