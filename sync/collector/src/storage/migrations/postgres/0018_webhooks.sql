-- Addresses of other programs, and what they are told: see the step of this name for SQLite. The first two are reference tables.
create table webhook_endpoints (
    endpoint_id     bigint generated always as identity primary key,
    url             text not null,
    secret          bytea not null check (length(secret) = 32),
    former_secret   bytea check (length(former_secret) = 32),
    former_until_ms bigint,
    types           text not null,
    place           text collate "C" not null,
    disabled_ms     bigint,
    why             text,
    created_by      text not null,
    created_ms      bigint not null,
    since_ms        bigint not null,
    reached_ms      bigint
);

create table webhook_messages (
    message_id   bigint generated always as identity primary key,
    server_epoch bytea not null check (length(server_epoch) = 16),
    endpoint_id  bigint not null references webhook_endpoints (endpoint_id),
    type         text not null,
    at_ms        bigint not null,
    data         text,
    device_id    bytea,
    epoch        bytea,
    seq          bigint,
    state        text collate "C" not null check (state in ('pending', 'delivered', 'parked')),
    attempts     bigint not null,
    next_ms      bigint not null,
    until_ms     bigint not null,
    tried_ms     bigint,
    status       bigint,
    error        text,
    settled_ms   bigint,
    check ((data is null) = (device_id is not null and epoch is not null and seq is not null))
);
create index webhook_messages_by_endpoint on webhook_messages (endpoint_id, state, next_ms);
create index webhook_messages_by_number on webhook_messages (endpoint_id, state, message_id);
create index webhook_messages_settled on webhook_messages (settled_ms) where settled_ms is not null;

create table webhook_marks (
    device_id   bytea not null,
    epoch       bytea not null,
    through_seq bigint not null,
    primary key (device_id, epoch)
);
