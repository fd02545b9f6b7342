-- The tree of places: regions within regions, and which store is in which. What is within nothing is directly under the organisation, and
-- so is a store that has no row here and is named by a device alone.
create table places (
    name   text not null primary key,
    kind   text not null check (kind in ('region', 'store')),
    within text references places (name),
    check (within <> name)
) strict, without rowid;
create index places_within on places (within);
