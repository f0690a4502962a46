-- What moves the books: fills (6), trades taken back (18) and corrected (19).
CREATE INDEX event_booked ON event (account_id, sequence) WHERE event_type IN (6, 18, 19);
DROP INDEX event_fill;
