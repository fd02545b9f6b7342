-- For which store a device spoke last, whether what it said followed on what is held of it, when it last went back to a
-- store that it had left, and when that was the second time within a day: then two devices speak in turns.
alter table devices add column speaking_epoch blob check (length(speaking_epoch) = 16);
alter table devices add column speaking_follows integer;
alter table devices add column returned_ms integer;
alter table devices add column clone_seen_ms integer;
