-- Of carried records alone, where each first stood: see the step of this name for SQLite.
create table carried (
    device_id    bytea not null,
    epoch        bytea not null,
    seq          bigint not null check (seq > 0),
    origin_epoch bytea not null check (length(origin_epoch) = 16),
    origin_seq   bigint not null,
    digest       bytea not null check (length(digest) = 32),
    primary key (device_id, epoch, seq)
);
create index carried_by_origin on carried (device_id, origin_epoch, origin_seq, digest);
