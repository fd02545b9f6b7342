-- What stores changed because of feedback: see the step of this name for SQLite.
create table changes (
    change_id    bigint generated always as identity primary key,
    added_ms     bigint not null,
    store        text collate "C",
    device_id    bytea references devices (device_id),
    day          bigint not null,
    until_day    bigint,
    said         text not null,
    did          text not null,
    withdrawn_ms bigint,
    check (store is null or device_id is null)
);
create index changes_by_store on changes (store, device_id) where withdrawn_ms is null;
create index changes_by_device on changes (device_id) where withdrawn_ms is null;
