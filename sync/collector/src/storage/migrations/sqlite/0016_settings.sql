-- What head office decides about kiosks. A layer is for the organisation, a region, a store or a device (its id in hexadecimal); what
-- holds in it is what its newest row says, and what held at a version what the newest row up to that one says. Rows are never
-- changed or deleted, and a version is never given twice.
create table setting_layers (
    version  integer primary key autoincrement,
    kind     text not null check (kind in ('organisation', 'region', 'store', 'device')),
    place    text not null,
    settings text not null,
    by_whom  text,
    set_ms   integer not null
) strict;
create index setting_layers_by_place on setting_layers (kind, place, version);

-- How a version goes out. Who is not reached yet goes by the version before (`base`). The newest row says what holds.
create table rollouts (
    rollout_id       integer primary key autoincrement,
    base             integer not null,
    target           integer not null,
    stage            integer not null check (stage between 0 and 3),
    state            text not null check (state in ('running', 'paused', 'stopped', 'done', 'rolled_back')),
    healthy_for_ms   integer not null,
    started_ms       integer not null,
    stage_ms         integer not null,
    healthy_since_ms integer,
    looked_ms        integer not null,
    reason           text,
    by_whom          text
) strict;

-- Whom it changes anything for, and from which stage on.
create table rollout_devices (
    device_id  blob not null references devices (device_id),
    rollout_id integer not null references rollouts (rollout_id),
    stage      integer not null,
    primary key (device_id, rollout_id)
) strict, without rowid;
create index rollout_devices_by_rollout on rollout_devices (rollout_id, stage);

-- What a device said last of its settings, and what it was to have then. Written when one of them changes.
create table device_settings (
    device_id blob primary key references devices (device_id),
    kept      blob not null check (length(kept) = 16),
    runs      blob not null check (length(runs) = 16),
    wanted    blob not null check (length(wanted) = 16),
    wanted_ms integer not null,
    refused   blob check (length(refused) = 16),
    reason    text
) strict, without rowid;
