-- What the first collector stores; the tables say what the SQLite ones of the same name say. Device ids, epochs and heads are raw
-- bytes (16, 16 and 32); times are milliseconds since 1970-01-01T00:00:00Z by a collector's clock.
--
-- Every primary key and unique constraint begins with device_id, so that the tables can be divided by device. Those that are of no one
-- device are reference tables: server, changes, device_codes, device_names, afterword_migrations.

-- So that queries are written once.
create domain blob as bytea;
create function instr(haystack bytea, needle bytea) returns integer
    language sql immutable strict parallel safe
    return position(needle in haystack);

create table server (
    only_row     bigint primary key check (only_row = 1),
    server_epoch bytea not null check (length(server_epoch) = 16),
    created_ms   bigint not null,
    device_url   text,
    enrol_url    text
);

-- Names are ordered by their bytes, as SQLite has it.
create table devices (
    device_id       bytea primary key check (length(device_id) = 16),
    name            text collate "C" not null,
    store           text collate "C",
    created_ms      bigint not null,
    code_digest     bytea not null check (length(code_digest) = 32),
    code_expires_ms bigint not null,
    public_key      bytea check (length(public_key) = 32),
    certificate_pem text,
    agent_version   text,
    enrolled_ms     bigint,
    revoked_ms      bigint,
    revoked_reason  text
);
create index devices_by_code on devices (code_digest);
create index devices_by_name on devices (name);

-- That no two devices have one code, nor two in use one name. A trigger keeps these tables; nobody else writes them.
create table device_codes (
    code_digest bytea primary key,
    device_id   bytea not null
);
create table device_names (
    name      text collate "C" primary key,
    device_id bytea not null
);
create function keep_device_claims() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        delete from device_codes where code_digest = old.code_digest and device_id = old.device_id;
        delete from device_names where name = old.name and device_id = old.device_id;
    end if;
    if tg_op <> 'DELETE' then
        insert into device_codes (code_digest, device_id) values (new.code_digest, new.device_id);
        if new.revoked_ms is null then
            insert into device_names (name, device_id) values (new.name, new.device_id);
        end if;
    end if;
    return null;
end
$$;
create trigger devices_claim_on_insert after insert or delete on devices
    for each row execute function keep_device_claims();
create trigger devices_claim_on_update after update on devices
    for each row when (old.code_digest is distinct from new.code_digest or old.name is distinct from new.name
        or old.revoked_ms is distinct from new.revoked_ms)
    execute function keep_device_claims();

create table stores (
    device_id         bytea not null references devices (device_id),
    epoch             bytea not null check (length(epoch) = 16),
    mark              bigint not null check (mark > 0),
    head              bytea not null check (length(head) = 32),
    first_received_ms bigint not null,
    last_received_ms  bigint not null,
    primary key (device_id, epoch)
);

-- Divided by month, so that the key has to end with the time. That a number stands here once is kept by the device's lock and by the
-- mark, see insert_records; verify finds one that stands here twice.
create table records (
    device_id   bytea not null,
    epoch       bytea not null,
    seq         bigint not null check (seq > 0),
    received_ms bigint not null,
    head        bytea not null,
    bytes       bytea not null,
    parked      text,
    primary key (device_id, epoch, seq, received_ms)
) partition by range (received_ms);
create table records_rest partition of records default;

create table quarantine (
    device_id   bytea not null,
    epoch       bytea not null,
    seq         bigint not null,
    head        bytea not null,
    received_ms bigint not null,
    bytes       bytea not null,
    primary key (device_id, epoch, seq, head)
);
