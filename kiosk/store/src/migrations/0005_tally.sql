-- What the responses of a cell say (`afterword_model::tally`), in place of the four tables of hours. Those stay for a program of
-- a schema before, which goes on counting there; what it counts is emptied into the cells by the next program that knows them.
CREATE TABLE tally (
    id INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    survey TEXT NOT NULL,
    -- Empty where nothing was configured.
    touchpoint TEXT NOT NULL,
    language TEXT NOT NULL,
    flagged INTEGER NOT NULL CHECK (flagged IN (0, 1)),
    -- How many they are; the rest is in `counts`.
    responses INTEGER NOT NULL CHECK (responses > 0),
    counts TEXT NOT NULL,
    UNIQUE (day, survey, touchpoint, language, flagged)
) STRICT;

-- Boots that began without a clock: when they began, as a clock told later.
CREATE TABLE boot_time (
    boot INTEGER PRIMARY KEY,
    -- Wall time of the boot's monotonic zero, and the offset from UTC that local days go by.
    zero_ms INTEGER NOT NULL,
    offset_min INTEGER NOT NULL
) STRICT;
