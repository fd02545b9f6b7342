-- Tokens by which programs come in: see the step of this name for SQLite. A reference table.
create table api_tokens (
    digest       bytea primary key check (length(digest) = 32),
    name         text collate "C" not null,
    scopes       text not null,
    place        text collate "C" not null,
    created_by   text not null,
    created_ms   bigint not null,
    expires_ms   bigint not null,
    last_used_ms bigint,
    revoked_ms   bigint
);
