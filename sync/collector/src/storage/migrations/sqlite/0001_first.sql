-- What the first collector stores. Device ids, epochs and heads are raw bytes (16, 16 and 32); times are
-- milliseconds since 1970-01-01T00:00:00Z by the collector's clock.

-- "AWC1": tells this database from any other SQLite file.
pragma application_id = 0x41574331;

-- One row: this life of the database. A restored backup has to be given a new server_epoch before it serves,
-- so that devices rewind to what it really holds.
create table server (
    only_row     integer primary key check (only_row = 1),
    server_epoch blob not null check (length(server_epoch) = 16),
    created_ms   integer not null,
    device_url   text,
    enrol_url    text
) strict;

-- Every device there ever was. A row begins when an operator adds it, with a code and without a key.
create table devices (
    device_id       blob not null primary key check (length(device_id) = 16),
    name            text not null,
    store           text,
    created_ms      integer not null,
    code_digest     blob not null check (length(code_digest) = 32),
    code_expires_ms integer not null,
    public_key      blob check (length(public_key) = 32),
    certificate_pem text,
    agent_version   text,
    enrolled_ms     integer,
    revoked_ms      integer,
    revoked_reason  text
) strict, without rowid;
create unique index devices_by_code on devices (code_digest);
create unique index devices_in_use_by_name on devices (name) where revoked_ms is null;

-- How far each device's store has come: everything from 1 to mark is in records.
create table stores (
    device_id         blob not null references devices (device_id),
    epoch             blob not null check (length(epoch) = 16),
    mark              integer not null check (mark > 0),
    head              blob not null check (length(head) = 32),
    first_received_ms integer not null,
    last_received_ms  integer not null,
    primary key (device_id, epoch)
) strict, without rowid;

-- The records, byte for byte as the devices froze them. The head of each lets a repeated batch be answered
-- without hashing from the beginning. parked says why a record could not be read; its bytes are kept.
create table records (
    device_id   blob not null,
    epoch       blob not null,
    seq         integer not null check (seq > 0),
    received_ms integer not null,
    head        blob not null,
    bytes       blob not null,
    parked      text,
    primary key (device_id, epoch, seq)
) strict, without rowid;

-- Records that contradict one that is held, or follow such a one. Kept for a person to judge; never a receipt.
-- The head tells apart what different chains say about the same number.
create table quarantine (
    device_id   blob not null,
    epoch       blob not null,
    seq         integer not null,
    head        blob not null,
    received_ms integer not null,
    bytes       blob not null,
    primary key (device_id, epoch, seq, head)
) strict, without rowid;
