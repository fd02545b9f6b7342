-- A device can be taken away for good: see the step of this name for SQLite.
alter table devices add column retired_ms bigint;
