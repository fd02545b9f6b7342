-- Every receipt given for new records: see the step of this name for SQLite. Divided by month, as the records are.
create table receipts (
    device_id    bytea not null,
    epoch        bytea not null,
    through_seq  bigint not null check (through_seq > 0),
    head         bytea not null check (length(head) = 32),
    nonce        bytea not null check (length(nonce) = 16),
    received_ms  bigint not null,
    server_epoch bytea not null check (length(server_epoch) = 16),
    signature    bytea not null check (length(signature) = 64),
    primary key (device_id, epoch, through_seq, received_ms)
) partition by range (received_ms);
create table receipts_rest partition of receipts default;
