-- Of carried records alone: where each first stood, and the SHA-256 of the bytes it had there. Counted is an origin with
-- its bytes, once, however often it was carried and whether or not it is held where it first stood.
create table carried (
    device_id    blob not null,
    epoch        blob not null,
    seq          integer not null check (seq > 0),
    origin_epoch blob not null check (length(origin_epoch) = 16),
    origin_seq   integer not null,
    digest       blob not null check (length(digest) = 32),
    primary key (device_id, epoch, seq)
) strict, without rowid;
create index carried_by_origin on carried (device_id, origin_epoch, origin_seq, digest);
