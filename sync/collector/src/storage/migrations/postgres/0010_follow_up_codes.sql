-- Where the records with a follow-up code are: see the step of this name for SQLite.
create index records_by_follow_up_code
    on records (substr(bytes, instr(bytes, cast('"follow_up_code":[' as blob)), 48))
    where instr(bytes, cast('"follow_up_code":[' as blob)) > 0;
