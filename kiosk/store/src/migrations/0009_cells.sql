-- The counts of a day, survey, touchpoint and language in one row, packed (`afterword_model::tally::packed`), in place of `tally`.
-- That stays, empty, for a program of a schema before, which goes on counting there; what it counts is emptied into these rows by
-- the next program that knows them.
CREATE TABLE cell (
    id INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    survey TEXT NOT NULL,
    -- Empty where nothing was configured.
    touchpoint TEXT NOT NULL,
    language TEXT NOT NULL,
    -- How many there are, and how many of them carry a flag.
    responses INTEGER NOT NULL CHECK (responses > 0),
    flagged INTEGER NOT NULL CHECK (flagged BETWEEN 0 AND responses),
    -- What all of them say, so that who wants all need not look at what is flagged.
    counts BLOB NOT NULL,
    hours BLOB NOT NULL,
    -- What the flagged ones say; none where there are none.
    flagged_counts BLOB,
    flagged_hours BLOB,
    UNIQUE (day, survey, touchpoint, language)
) STRICT;
