-- As response_hour and face_hour, for those responses alone that carry a flag; what is without flags is the difference.
CREATE TABLE flagged_response_hour (
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    survey TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, hour, survey, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE flagged_face_hour (
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    survey TEXT NOT NULL,
    question TEXT NOT NULL,
    language TEXT NOT NULL,
    face INTEGER NOT NULL CHECK (face BETWEEN 1 AND 5),
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, hour, survey, question, language, face)
) STRICT, WITHOUT ROWID;
