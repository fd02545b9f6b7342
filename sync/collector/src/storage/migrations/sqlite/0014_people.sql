-- Who works with the collector, what each may do where, and what was done by whom. A person's login is kept in lower case. Of what opens
-- something, an invitation or a session, only the SHA-256 is kept: a stolen copy of the database lets nobody in.
create table people (
    person_id       blob not null primary key check (length(person_id) = 16),
    login           text not null unique,
    name            text not null,
    -- Argon2id, as a PHC string; none for who comes by way of the organisation's own sign-in.
    password        text,
    issuer          text,
    subject         text,
    created_ms      integer not null,
    disabled_ms     integer,
    -- Wrong passwords in a row, and until when none is tried.
    failures        integer not null default 0,
    locked_until_ms integer,
    check ((issuer is null) = (subject is null)),
    unique (issuer, subject)
) strict, without rowid;

-- What a person may do, and where: a region or store, or everywhere where it is empty.
create table grants (
    person_id blob not null references people (person_id),
    place     text not null,
    role      text not null check (role in ('viewer', 'manager', 'lead', 'admin')),
    primary key (person_id, place)
) strict, without rowid;

-- A link that makes an account, once. Without an inviter it is the one that a start prints for the first of all.
create table invitations (
    digest      blob not null primary key check (length(digest) = 32),
    login       text,
    place       text not null,
    role        text not null check (role in ('viewer', 'manager', 'lead', 'admin')),
    created_ms  integer not null,
    expires_ms  integer not null,
    invited_by  text,
    accepted_ms integer
) strict, without rowid;

create table sessions (
    digest     blob not null primary key check (length(digest) = 32),
    person_id  blob not null references people (person_id),
    created_ms integer not null,
    seen_ms    integer not null
) strict, without rowid;
create index sessions_by_person on sessions (person_id);

-- What was done by whom, one entry hashed with the one before it. Rows are never changed or deleted.
create table audit (
    entry_id integer not null primary key check (entry_id > 0),
    head     blob not null check (length(head) = 32),
    entry    text not null
) strict;

-- What people call the whole of it; shown on each page.
alter table server add column organisation text;
alter table server add column web_url text;
