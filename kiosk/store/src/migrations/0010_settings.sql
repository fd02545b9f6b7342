-- What head office decided for this device, as the collector sent it last; one row, replaced whole. It has no record's and no
-- draft's shape, by which a salvage tells those.
CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version BLOB NOT NULL CHECK (length(version) = 16),
    json TEXT NOT NULL
) STRICT;
