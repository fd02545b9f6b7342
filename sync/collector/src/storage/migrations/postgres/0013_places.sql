-- The tree of places: see the step of this name for SQLite. A reference table: it is read with everything and is of no device.
create table places (
    name   text collate "C" primary key,
    kind   text not null check (kind in ('region', 'store')),
    within text collate "C" references places (name),
    check (within <> name)
);
create index places_within on places (within);
