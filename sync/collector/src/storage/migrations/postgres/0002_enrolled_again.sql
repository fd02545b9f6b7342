-- A device can be enrolled again: see the step of this name for SQLite.
alter table devices add column code_closed_ms bigint;
update devices set code_closed_ms = coalesce(enrolled_ms, revoked_ms);
