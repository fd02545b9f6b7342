-- Settings that no start has gone by for long enough are on trial (`trial.rs`). The last ones that passed stand here, to go back to; they
-- are the same as those that are kept once these have passed. No row has a record's, a draft's or a hidden answer's shape, by
-- which a salvage tells those. A program of the schema before keeps settings beside all this, and they are on trial when this
-- program comes back.
CREATE TABLE settings_good (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version BLOB NOT NULL CHECK (length(version) = 16),
    json TEXT NOT NULL,
    -- Which version of the program went by them: another one may fall over what this one did not.
    program TEXT NOT NULL
) STRICT;
-- What was gone by so far is something to go back to; whether this program can is still to be seen.
INSERT INTO settings_good (id, version, json, program) SELECT id, version, json, '' FROM settings;
-- How many starts went by these settings of which nobody knows that they ended well. Of another version than is kept it means nothing.
CREATE TABLE settings_trial (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version BLOB NOT NULL CHECK (length(version) = 16),
    starts INTEGER NOT NULL CHECK (starts >= 0)
) STRICT;
-- What the program of this version fell over, and does not try again; the newest last.
CREATE TABLE settings_refused (
    id INTEGER PRIMARY KEY,
    version BLOB NOT NULL CHECK (length(version) = 16),
    program TEXT NOT NULL
) STRICT;
