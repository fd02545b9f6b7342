-- Where the records with steps of cases are, by the case they are of. As with follow-up codes, the index reads the bytes themselves:
-- what came before it is in it, what is erased is out of it. Texts in a record have their quotation marks escaped, so that these
-- letters begin a step and nothing else. 84 bytes hold the longest name of a case, which ends with the bracket.
create index records_by_case
    on records (substr(bytes, instr(bytes, cast('"case":{"of":{"epoch":"' as blob)), 84))
    where instr(bytes, cast('"case":{"of":{"epoch":"' as blob)) > 0;

-- Steps of head office, in the order in which they were taken, each for the device whose case it is of. A step is named by the life
-- of the database in which it was taken, and its number; both are never given again, so that after a restore no two steps
-- have one name. Rows are never changed or deleted.
create table case_steps (
    step_id      integer primary key autoincrement,
    device_id    blob not null references devices (device_id),
    server_epoch blob not null check (length(server_epoch) = 16),
    case_epoch   blob not null check (length(case_epoch) = 16),
    case_seq     integer not null check (case_seq > 0),
    event        text not null
) strict;
create index case_steps_by_device on case_steps (device_id, step_id);
create index case_steps_by_case on case_steps (case_epoch, case_seq);
