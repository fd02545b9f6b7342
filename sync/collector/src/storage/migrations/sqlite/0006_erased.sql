-- A record can be erased: its bytes go, its head stays, so that the chain after it still verifies and a copy that is sent
-- again is known. The digest is SHA-256 over the bytes as they were frozen; it recognises a carried copy.
alter table records add column erased_ms integer;
create table erased (
    device_id blob not null,
    epoch     blob not null,
    seq       integer not null,
    digest    blob not null check (length(digest) = 32),
    primary key (device_id, epoch, seq, digest)
) strict, without rowid;
