-- Words beside a day of the numbers: see the step of this name for SQLite. A reference table.
create table day_notes (
    note_id      bigint generated always as identity primary key,
    added_ms     bigint not null,
    place        text collate "C" not null,
    day          bigint not null,
    words        text not null,
    written_by   text not null,
    withdrawn_ms bigint
);
create index day_notes_by_day on day_notes (day) where withdrawn_ms is null;
