-- What the store knows of itself; exactly one row, written in every transaction that changes the chain.
CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    -- The counter: number of the newest record, 0 when there is none. Records may be purged, this stays.
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    head BLOB NOT NULL CHECK (length(head) = 32),
    -- Records up to here are purged; the chain goes on from this head.
    purged_seq INTEGER NOT NULL CHECK (purged_seq BETWEEN 0 AND last_seq),
    purged_head BLOB NOT NULL CHECK (length(purged_head) = 32),
    boot INTEGER NOT NULL CHECK (boot >= 0),
    -- 1 between an orderly end and the next start.
    clean INTEGER NOT NULL CHECK (clean IN (0, 1)),
    -- The oldest schema whose programs may still write this file. A later migration that an older program
    -- can live with leaves it alone; one that it cannot raises it to its own number.
    compatible_with INTEGER NOT NULL
) STRICT;

-- The answers of the shopper who stands before the kiosk now.
CREATE TABLE draft (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT NOT NULL
) STRICT;

-- Drafts found at a start that could not be frozen; kept for a person to look at.
CREATE TABLE unfrozen_draft (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- A row as large as a record, written and deleted again when the store is asked whether it can write.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    room BLOB NOT NULL
) STRICT;

-- `frozen_ms` is the wall clock's opinion, for people; nothing is decided by it.
CREATE TABLE record (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    bytes BLOB NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    frozen_ms INTEGER NOT NULL
) STRICT;

-- Roll-ups by local day and hour of the first tap. They outlive purged records.
CREATE TABLE face_hour (
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    survey TEXT NOT NULL,
    question TEXT NOT NULL,
    language TEXT NOT NULL,
    face INTEGER NOT NULL CHECK (face BETWEEN 1 AND 5),
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, hour, survey, question, language, face)
) STRICT, WITHOUT ROWID;

CREATE TABLE response_hour (
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    survey TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, hour, survey, outcome)
) STRICT, WITHOUT ROWID;

-- `stored` gives the order of arrival: the newest row says what the collector holds now. Of each life of
-- the collector's database and each of its days only the newest receipt is kept.
CREATE TABLE receipt (
    stored INTEGER PRIMARY KEY,
    server_epoch BLOB NOT NULL CHECK (length(server_epoch) = 16),
    received_day INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
    head BLOB NOT NULL CHECK (length(head) = 32),
    json TEXT NOT NULL,
    UNIQUE (server_epoch, received_day)
) STRICT;
