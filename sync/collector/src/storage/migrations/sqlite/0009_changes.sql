-- What stores changed because of feedback. For one device, for all devices of a store, or, with neither, for all there
-- are. Days are counted from 1970-01-01 and are the stores' local ones; words are JSON objects by language. A number is
-- never given twice, so that who withdraws one late withdraws no other.
create table changes (
    change_id    integer primary key autoincrement,
    added_ms     integer not null,
    store        text,
    device_id    blob references devices (device_id),
    day          integer not null,
    until_day    integer,
    said         text not null,
    did          text not null,
    withdrawn_ms integer,
    check (store is null or device_id is null)
) strict;
create index changes_by_store on changes (store, device_id) where withdrawn_ms is null;
create index changes_by_device on changes (device_id) where withdrawn_ms is null;
