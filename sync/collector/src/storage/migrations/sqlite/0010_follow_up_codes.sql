-- Where the records with a follow-up code are. The index reads the code from the bytes themselves: so what came before it is in
-- it, what is erased is out of it, and nothing can be in it that no record says. Texts in a record have their quotation marks
-- escaped and a moment carries no list, so that these letters begin a code and nothing else. 48 bytes hold the longest code.
create index records_by_follow_up_code
    on records (substr(bytes, instr(bytes, cast('"follow_up_code":[' as blob)), 48))
    where instr(bytes, cast('"follow_up_code":[' as blob)) > 0;
