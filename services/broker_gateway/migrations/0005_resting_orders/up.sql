-- Of a limit order at the paper venue: the market has been beyond its price since the market opened, so that it trades as
-- maker when the market comes to it. Orders from before that somebody was ahead of had been beyond it.
ALTER TABLE venue_order ADD COLUMN rests boolean NOT NULL DEFAULT false;
UPDATE venue_order SET rests = true WHERE working AND queue_ahead IS NOT NULL;
