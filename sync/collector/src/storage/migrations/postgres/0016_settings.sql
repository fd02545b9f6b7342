-- What head office decides about kiosks, and how it goes out: see the step of this name for SQLite.
create table setting_layers (
    version  bigint generated always as identity primary key,
    kind     text collate "C" not null check (kind in ('organisation', 'region', 'store', 'device')),
    place    text collate "C" not null,
    settings text not null,
    by_whom  text,
    set_ms   bigint not null
);
create index setting_layers_by_place on setting_layers (kind, place, version);

create table rollouts (
    rollout_id       bigint generated always as identity primary key,
    base             bigint not null,
    target           bigint not null,
    stage            bigint not null check (stage between 0 and 3),
    state            text not null check (state in ('running', 'paused', 'stopped', 'done', 'rolled_back')),
    healthy_for_ms   bigint not null,
    started_ms       bigint not null,
    stage_ms         bigint not null,
    healthy_since_ms bigint,
    looked_ms        bigint not null,
    reason           text,
    by_whom          text
);

create table rollout_devices (
    device_id  bytea not null references devices (device_id),
    rollout_id bigint not null references rollouts (rollout_id),
    stage      bigint not null,
    primary key (device_id, rollout_id)
);
create index rollout_devices_by_rollout on rollout_devices (rollout_id, stage);

create table device_settings (
    device_id bytea primary key references devices (device_id),
    kept      bytea not null check (length(kept) = 16),
    runs      bytea not null check (length(runs) = 16),
    wanted    bytea not null check (length(wanted) = 16),
    wanted_ms bigint not null,
    refused   bytea check (length(refused) = 16),
    reason    text
);
