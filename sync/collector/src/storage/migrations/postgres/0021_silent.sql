-- Since when nothing was heard of a silent kiosk: see the step of this name for SQLite.
alter table devices add column silent_since_ms bigint;
