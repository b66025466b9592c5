-- When the time of a pending signal was seen to be over: a clock that is set back later must not undo that.
ALTER TABLE signals ADD COLUMN lapsed_at INTEGER;
