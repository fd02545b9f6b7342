-- What is counted, so that no number needs a look at the records again. Everything here can be made anew from the records:
-- `afterword-collector numbers recount` does it.

-- How far each store of a device is counted, and how many of its records nobody can read.
create table counted (
    device_id   blob not null,
    epoch       blob not null,
    through_seq integer not null check (through_seq > 0),
    parked      integer not null,
    primary key (device_id, epoch)
) strict, without rowid;

-- Starts of a device that did not know the time when it took responses: when its monotonic clock was zero, once a later response
-- of that start tells it, with the offset from UTC in minutes. The epoch is the one in which its responses first stood.
create table boot_times (
    device_id  blob not null,
    epoch      blob not null,
    boot       integer not null,
    zero_ms    integer,
    offset_min integer,
    primary key (device_id, epoch, boot)
) strict, without rowid;

-- Stores in which a device stood before, each until when. "" is none.
create table former_stores (
    device_id blob not null,
    until_ms  integer not null,
    store     text not null,
    primary key (device_id, until_ms)
) strict, without rowid;

-- The responses of one device, one store and one local day (days since 1970-01-01), packed as `afterword_model::tally::packed` has it.
create table cells (
    device_id  blob not null,
    store      text not null,
    day        integer not null,
    survey     text not null,
    touchpoint text not null,
    language   text not null,
    flagged    integer not null,
    counts     blob not null,
    hours      blob not null,
    primary key (device_id, store, day, survey, touchpoint, language, flagged)
) strict, without rowid;
create index cells_by_store on cells (store, day);

-- The same of all devices of a store, made anew from their cells whenever one of these changes.
create table store_tallies (
    store   text not null,
    day     integer not null,
    survey  text not null,
    flagged integer not null,
    counts  blob not null,
    hours   blob not null,
    primary key (store, day, survey, flagged)
) strict, without rowid;

-- What a list of all stores needs, in plain numbers: rated are visits that began with faces, stars or thumbs, scored are answers
-- on 0 to 10.
create table store_days (
    day        integer not null,
    store      text not null,
    flagged    integer not null,
    responses  integer not null,
    completed  integer not null,
    happy      integer not null,
    rated      integer not null,
    promoters  integer not null,
    detractors integer not null,
    scored     integer not null,
    primary key (day, store, flagged)
) strict, without rowid;

-- The same of all stores together.
create table all_days (
    day     integer not null,
    survey  text not null,
    flagged integer not null,
    counts  blob not null,
    hours   blob not null,
    primary key (day, survey, flagged)
) strict, without rowid;
