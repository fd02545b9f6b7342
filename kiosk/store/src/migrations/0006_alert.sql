-- Alerts (`afterword_model::alerts`), open and closed. What can be computed again from the records is not here.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    -- Empty where nothing was configured.
    touchpoint TEXT NOT NULL,
    -- The rule with what it went by, and the stamps, as JSON.
    cause TEXT NOT NULL,
    answers INTEGER NOT NULL CHECK (answers >= 0),
    unhappy INTEGER NOT NULL CHECK (unhappy BETWEEN 0 AND answers),
    opened_ms INTEGER NOT NULL,
    opened TEXT NOT NULL,
    -- Null while it is open.
    closed_ms INTEGER,
    closed TEXT,
    CHECK ((closed IS NULL) = (closed_ms IS NULL))
) STRICT;

-- A rule has one open alert at a place, whatever a program that was killed half-way asks again.
CREATE UNIQUE INDEX alert_open ON alert (rule, touchpoint) WHERE closed IS NULL;
