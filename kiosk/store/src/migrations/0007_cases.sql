-- Every step of a case that is known here: those of this chain, from their records, and those of head office. None of these tables
-- has a record's or a draft's shape, by which a salvage tells those.
CREATE TABLE case_step (
    case_epoch BLOB NOT NULL CHECK (length(case_epoch) = 16),
    case_seq INTEGER NOT NULL CHECK (case_seq > 0),
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    seq INTEGER NOT NULL CHECK (seq > 0),
    -- A part of the key, because twins give one number to different steps.
    event TEXT NOT NULL,
    PRIMARY KEY (case_epoch, case_seq, epoch, seq, event)
) STRICT, WITHOUT ROWID;

-- Where each case stands, computed from its steps, and what its shopper said, which outlives a purged record.
CREATE TABLE case_status (
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    seq INTEGER NOT NULL CHECK (seq > 0),
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    -- By the clock of whoever verified it; none while it is open.
    verified_ms INTEGER,
    status TEXT NOT NULL,
    said TEXT,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX open_case ON case_status (is_open) WHERE is_open = 1;
CREATE INDEX verified_case ON case_status (verified_ms) WHERE verified_ms IS NOT NULL;

-- How many records of this database's chains are steps, and how far head office's have come.
CREATE TABLE case_book (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    chained INTEGER NOT NULL CHECK (chained >= 0),
    server_epoch BLOB CHECK (length(server_epoch) = 16),
    number INTEGER NOT NULL CHECK (number >= 0)
) STRICT;
INSERT INTO case_book (id, chained, number) VALUES (1, 0, 0);
