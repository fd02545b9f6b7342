-- Who works with the collector: see the step of this name for SQLite. Reference tables, all of them: none is of a device.
create table people (
    person_id       bytea primary key check (length(person_id) = 16),
    login           text collate "C" not null unique,
    name            text not null,
    password        text,
    issuer          text collate "C",
    subject         text collate "C",
    created_ms      bigint not null,
    disabled_ms     bigint,
    failures        bigint not null default 0,
    locked_until_ms bigint,
    check ((issuer is null) = (subject is null)),
    unique (issuer, subject)
);

create table grants (
    person_id bytea not null references people (person_id),
    place     text collate "C" not null,
    role      text not null check (role in ('viewer', 'manager', 'lead', 'admin')),
    primary key (person_id, place)
);

create table invitations (
    digest      bytea primary key check (length(digest) = 32),
    login       text collate "C",
    place       text collate "C" not null,
    role        text not null check (role in ('viewer', 'manager', 'lead', 'admin')),
    created_ms  bigint not null,
    expires_ms  bigint not null,
    invited_by  text,
    accepted_ms bigint
);

create table sessions (
    digest     bytea primary key check (length(digest) = 32),
    person_id  bytea not null references people (person_id),
    created_ms bigint not null,
    seen_ms    bigint not null
);
create index sessions_by_person on sessions (person_id);

create table audit (
    entry_id bigint primary key check (entry_id > 0),
    head     bytea not null check (length(head) = 32),
    entry    text not null
);

alter table server add column organisation text;
alter table server add column web_url text;
