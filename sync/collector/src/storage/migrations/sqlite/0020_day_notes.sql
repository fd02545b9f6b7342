-- Words beside a day of the numbers: what somebody knows of it that no number says. Of a region or store, or of the whole organisation where
-- the place is empty. Days are counted from 1970-01-01 and are the stores' local ones. A number is never given twice, and rows stay, so
-- that who takes one back late takes back no other, and the audit log's numbers can be looked up.
create table day_notes (
    note_id      integer primary key autoincrement,
    added_ms     integer not null,
    place        text not null,
    day          integer not null,
    words        text not null,
    written_by   text not null,
    withdrawn_ms integer
) strict;
create index day_notes_by_day on day_notes (day) where withdrawn_ms is null;
