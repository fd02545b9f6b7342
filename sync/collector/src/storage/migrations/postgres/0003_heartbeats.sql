-- What devices said of themselves: see the step of this name for SQLite.
create table heartbeats (
    device_id              bytea not null references devices (device_id),
    epoch                  bytea not null check (length(epoch) = 16),
    first_heard_ms         bigint not null,
    last_heard_ms          bigint not null,
    last_seq_ever          bigint not null,
    last_seq               bigint not null,
    head                   bytea not null check (length(head) = 32),
    acknowledged_seq       bigint not null,
    purged_seq             bigint not null,
    boot                   bigint not null,
    oldest_unsent_ms       bigint,
    disk_free_bytes        bigint,
    kiosk_version          text not null,
    agent_version          text not null,
    clock_ahead_ms         bigint not null,
    certificate_expires_ms bigint not null,
    trusted                bytea not null,
    primary key (device_id, epoch)
);

create table former_epochs (
    device_id bytea not null references devices (device_id),
    epoch     bytea not null check (length(epoch) = 16),
    last_seq  bigint not null,
    head      bytea not null check (length(head) = 32),
    reason    text not null,
    heard_ms  bigint not null,
    primary key (device_id, epoch)
);

create table lost_ranges (
    device_id bytea not null,
    epoch     bytea not null,
    first_seq bigint not null check (first_seq > 0),
    last_seq  bigint not null check (last_seq >= first_seq),
    primary key (device_id, epoch, first_seq),
    foreign key (device_id, epoch) references former_epochs (device_id, epoch)
);
