-- What the paper venue knows of an order beyond the order: when it came, whether it is on its way, who is ahead of it.
ALTER TABLE venue_order ADD COLUMN arrival_nanos bigint NOT NULL DEFAULT 0;
ALTER TABLE venue_order ADD COLUMN waiting boolean NOT NULL DEFAULT false;
ALTER TABLE venue_order ADD COLUMN queue_ahead numeric;
