-- Every receipt given for new records, stored in the transaction that stored them: what was promised can be proven, and
-- checked against what is held, with the public receipt key alone. Batches sent again get a receipt that says no more
-- than one of these, and leave no row. Records from before this table have none.
create table receipts (
    device_id    blob not null,
    epoch        blob not null,
    through_seq  integer not null check (through_seq > 0),
    head         blob not null check (length(head) = 32),
    nonce        blob not null check (length(nonce) = 16),
    received_ms  integer not null,
    server_epoch blob not null check (length(server_epoch) = 16),
    signature    blob not null check (length(signature) = 64),
    primary key (device_id, epoch, through_seq)
) strict, without rowid;
