-- What devices said of themselves: of each store the last heartbeat, and how far it had ever come by its own word.
-- A number once heard is never taken back: a store that says less later has lost something, or is another's copy.
create table heartbeats (
    device_id              blob not null references devices (device_id),
    epoch                  blob not null check (length(epoch) = 16),
    first_heard_ms         integer not null,
    last_heard_ms          integer not null,
    last_seq_ever          integer not null,
    last_seq               integer not null,
    head                   blob not null check (length(head) = 32),
    acknowledged_seq       integer not null,
    purged_seq             integer not null,
    boot                   integer not null,
    oldest_unsent_ms       integer,
    disk_free_bytes        integer,
    kiosk_version          text not null,
    agent_version          text not null,
    -- How far the device's clock is ahead of this one.
    clock_ahead_ms         integer not null,
    certificate_expires_ms integer not null,
    -- SHA-256 of each CA certificate it trusts, one after another.
    trusted                blob not null,
    primary key (device_id, epoch)
) strict, without rowid;

-- Epochs that are over, as the device told it when the next one had begun. The first word holds.
create table former_epochs (
    device_id blob not null references devices (device_id),
    epoch     blob not null check (length(epoch) = 16),
    last_seq  integer not null,
    head      blob not null check (length(head) = 32),
    reason    text not null,
    heard_ms  integer not null,
    primary key (device_id, epoch)
) strict, without rowid;

-- Records of a former epoch that the device could not carry into the next, both ends included.
create table lost_ranges (
    device_id blob not null,
    epoch     blob not null,
    first_seq integer not null check (first_seq > 0),
    last_seq  integer not null check (last_seq >= first_seq),
    primary key (device_id, epoch, first_seq),
    foreign key (device_id, epoch) references former_epochs (device_id, epoch)
) strict, without rowid;
