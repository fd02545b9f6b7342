-- Tokens by which programs come in. Of the secret only the SHA-256 is kept. A name is one token's as long as that one is not revoked; rows are
-- never deleted, so that the audit log's names can be looked up.
create table api_tokens (
    digest       blob not null primary key check (length(digest) = 32),
    name         text not null,
    -- Names of scopes with a space between them.
    scopes       text not null,
    -- A region or store, or everywhere where it is empty.
    place        text not null,
    created_by   text not null,
    created_ms   integer not null,
    expires_ms   integer not null,
    last_used_ms integer,
    revoked_ms   integer
) strict, without rowid;
