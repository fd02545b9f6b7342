-- Where the records with steps of cases are, and the steps of head office: see the step of this name for SQLite.
create index records_by_case
    on records (substr(bytes, instr(bytes, cast('"case":{"of":{"epoch":"' as blob)), 84))
    where instr(bytes, cast('"case":{"of":{"epoch":"' as blob)) > 0;

create table case_steps (
    step_id      bigint generated always as identity,
    device_id    bytea not null references devices (device_id),
    server_epoch bytea not null check (length(server_epoch) = 16),
    case_epoch   bytea not null check (length(case_epoch) = 16),
    case_seq     bigint not null check (case_seq > 0),
    event        text not null,
    primary key (device_id, step_id)
);
create index case_steps_by_case on case_steps (case_epoch, case_seq);
