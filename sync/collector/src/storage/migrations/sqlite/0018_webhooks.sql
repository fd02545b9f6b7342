-- Addresses of other programs that are told what happens here. The secret is kept as it is, because every message is signed with it; after a
-- change the one before signs as well, until its time is over. No number is ever given again.
create table webhook_endpoints (
    endpoint_id     integer primary key autoincrement,
    url             text not null,
    secret          blob not null check (length(secret) = 32),
    former_secret   blob check (length(former_secret) = 32),
    former_until_ms integer,
    -- Names of what it is told of, with a space between them.
    types           text not null,
    -- A region or store, or everywhere where it is empty.
    place           text not null,
    disabled_ms     integer,
    -- Why it is, where nobody wished it.
    why             text,
    created_by      text not null,
    created_ms      integer not null,
    -- What came before is not told to it.
    since_ms        integer not null,
    -- When it last took a message.
    reached_ms      integer
) strict;

-- What is told to them, each message written in the transaction that does what it tells of. The life of the database and the number are its
-- name. A response is not copied here: where its record is stands here, and what is erased meanwhile is told to nobody.
create table webhook_messages (
    message_id   integer primary key autoincrement,
    server_epoch blob not null check (length(server_epoch) = 16),
    endpoint_id  integer not null references webhook_endpoints (endpoint_id),
    type         text not null,
    at_ms        integer not null,
    data         text,
    device_id    blob,
    epoch        blob,
    seq          integer,
    state        text not null check (state in ('pending', 'delivered', 'parked')),
    -- Tries since it was written or sent again; the one under way is among them.
    attempts     integer not null,
    -- When it is tried next; while it is being sent, when another collector may.
    next_ms      integer not null,
    -- When it is given up.
    until_ms     integer not null,
    tried_ms     integer,
    -- What the last try came to: the HTTP status, and the reason in words.
    status       integer,
    error        text,
    -- When it was delivered or given up.
    settled_ms   integer,
    check ((data is null) = (device_id is not null and epoch is not null and seq is not null))
) strict;
create index webhook_messages_by_endpoint on webhook_messages (endpoint_id, state, next_ms);
create index webhook_messages_by_number on webhook_messages (endpoint_id, state, message_id);
create index webhook_messages_settled on webhook_messages (settled_ms) where settled_ms is not null;

-- How far the records of each store of a device were looked at for what is to be told of them.
create table webhook_marks (
    device_id   blob not null,
    epoch       blob not null,
    through_seq integer not null,
    primary key (device_id, epoch)
) strict, without rowid;
