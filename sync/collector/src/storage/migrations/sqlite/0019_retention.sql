-- For how long what is kept. A field without a row is kept until somebody erases it.
create table retention (
    field text not null primary key,
    days  integer not null check (days > 0)
) strict, without rowid;

-- How far each store of a device has been gone through for each field. Numbers up to it are not looked at again,
-- unless one of them could not be read: unread_seq is the first such one, unread_by the version of the program that could not, as a number,
-- and a later program begins again there.
create table retained (
    device_id   blob not null,
    epoch       blob not null,
    field       text not null,
    through_seq integer not null check (through_seq > 0),
    unread_seq  integer,
    unread_by   integer,
    primary key (device_id, epoch, field)
) strict, without rowid;

-- Whole responses go as erased ones do, and there may be many: what comes in is held against them one by one.
create index erased_by_digest on erased (device_id, digest);
