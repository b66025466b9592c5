-- `fees_known`: 0 until every order of the trade is covered by its fills, and every fee has a price. `left_over`: what
-- was bought and not sold, in the base asset; NULL where that was not recorded, as in the rows of earlier versions.
ALTER TABLE history ADD COLUMN fees_known INTEGER NOT NULL DEFAULT 0 CHECK (fees_known IN (0, 1));
ALTER TABLE history ADD COLUMN left_over TEXT;

-- Rows that are booked again once the exchange has told of all fills.
CREATE INDEX history_provisional ON history (id) WHERE fees_known = 0 AND left_over IS NOT NULL;
