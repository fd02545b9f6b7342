-- A device can be taken away for good: revoked_ms, so that all that refuses a revoked one refuses it, and this mark, so that
-- no code brings it back.
alter table devices add column retired_ms integer;
