-- Responses whose words are shown nowhere on this device, by the place that each first had: a new epoch leaves it as it is, and
-- the response itself is not touched. A row has the shape of nothing else that a salvage looks for. A program of the schema before
-- shows the words; it has no way to hide any.
CREATE TABLE hidden_words (
    id INTEGER PRIMARY KEY,
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    seq INTEGER NOT NULL CHECK (seq > 0),
    -- The wall clock's opinion, for people.
    hidden_ms INTEGER NOT NULL,
    UNIQUE (epoch, seq)
) STRICT;
