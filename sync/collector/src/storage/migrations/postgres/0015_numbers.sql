-- What is counted, so that no number needs a look at the records again: see the step of this name for SQLite. cells are of devices;
-- store_tallies, store_days and all_days are reference tables.

create table counted (
    device_id   bytea not null,
    epoch       bytea not null,
    through_seq bigint not null check (through_seq > 0),
    parked      bigint not null,
    primary key (device_id, epoch)
);

create table boot_times (
    device_id  bytea not null,
    epoch      bytea not null,
    boot       bigint not null,
    zero_ms    bigint,
    offset_min bigint,
    primary key (device_id, epoch, boot)
);

create table former_stores (
    device_id bytea not null,
    until_ms  bigint not null,
    store     text collate "C" not null,
    primary key (device_id, until_ms)
);

create table cells (
    device_id  bytea not null,
    store      text collate "C" not null,
    day        bigint not null,
    survey     text collate "C" not null,
    touchpoint text collate "C" not null,
    language   text collate "C" not null,
    flagged    bigint not null,
    counts     bytea not null,
    hours      bytea not null,
    primary key (device_id, store, day, survey, touchpoint, language, flagged)
);
create index cells_by_store on cells (store, day);

create table store_tallies (
    store   text collate "C" not null,
    day     bigint not null,
    survey  text collate "C" not null,
    flagged bigint not null,
    counts  bytea not null,
    hours   bytea not null,
    primary key (store, day, survey, flagged)
);

create table store_days (
    day        bigint not null,
    store      text collate "C" not null,
    flagged    bigint not null,
    responses  bigint not null,
    completed  bigint not null,
    happy      bigint not null,
    rated      bigint not null,
    promoters  bigint not null,
    detractors bigint not null,
    scored     bigint not null,
    primary key (day, store, flagged)
);

create table all_days (
    day     bigint not null,
    survey  text collate "C" not null,
    flagged bigint not null,
    counts  bytea not null,
    hours   bytea not null,
    primary key (day, survey, flagged)
);
