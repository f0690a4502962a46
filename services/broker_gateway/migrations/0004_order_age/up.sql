-- Wall time of the order's making: a start loads the working and the recent orders, not every one there ever was. Rows from
-- before do not say and count as recent.
ALTER TABLE venue_order ADD COLUMN created_nanos bigint NOT NULL DEFAULT 0;
CREATE INDEX venue_order_working ON venue_order (order_id) WHERE working;
CREATE INDEX venue_order_created ON venue_order (created_nanos);
