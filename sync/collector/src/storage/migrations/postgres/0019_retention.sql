-- For how long what is kept: see the step of this name for SQLite. retention is a reference table.
create table retention (
    field text collate "C" primary key,
    days  bigint not null check (days > 0)
);
create table retained (
    device_id   bytea not null,
    epoch       bytea not null,
    field       text collate "C" not null,
    through_seq bigint not null check (through_seq > 0),
    unread_seq  bigint,
    unread_by   bigint,
    primary key (device_id, epoch, field)
);
create index erased_by_digest on erased (device_id, digest);
