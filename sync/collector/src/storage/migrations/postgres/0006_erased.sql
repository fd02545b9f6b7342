-- A record can be erased: see the step of this name for SQLite.
alter table records add column erased_ms bigint;
create table erased (
    device_id bytea not null,
    epoch     bytea not null,
    seq       bigint not null,
    digest    bytea not null check (length(digest) = 32),
    primary key (device_id, epoch, seq, digest)
);
