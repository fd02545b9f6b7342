-- Responses that the hours count and whose records are in no chain any more: purged or lost in an epoch before this one.
ALTER TABLE store ADD COLUMN counted_before INTEGER NOT NULL DEFAULT 0 CHECK (counted_before >= 0);

-- Epochs that are over, in order. `lost` is a JSON list of ranges, as the heartbeat names them.
CREATE TABLE former_epoch (
    number INTEGER PRIMARY KEY,
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    head BLOB NOT NULL CHECK (length(head) = 32),
    reason TEXT NOT NULL CHECK (reason IN ('forked', 'rotted', 'salvaged')),
    lost TEXT NOT NULL,
    ended_ms INTEGER NOT NULL
) STRICT;

-- Records that were found and could not be carried: their bytes do not hash to their head, or nothing vouches for
-- them. Kept for a person to look at, never sent.
CREATE TABLE damaged_record (
    number INTEGER PRIMARY KEY,
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    seq INTEGER NOT NULL CHECK (seq > 0),
    bytes BLOB NOT NULL,
    head BLOB CHECK (length(head) = 32),
    found_ms INTEGER NOT NULL
) STRICT;

-- Damaged databases set aside whose records have yet to be carried over; `noted` is what stood beside the file then.
CREATE TABLE unsalvaged (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    noted TEXT,
    aside_ms INTEGER NOT NULL
) STRICT;
