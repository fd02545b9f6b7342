-- For which store a device spoke last: see the step of this name for SQLite.
alter table devices add column speaking_epoch bytea check (length(speaking_epoch) = 16);
alter table devices add column speaking_follows boolean;
alter table devices add column returned_ms bigint;
alter table devices add column clone_seen_ms bigint;
