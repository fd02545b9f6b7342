-- A device can be enrolled again: a new code stands beside the key of the enrolment before, which stays good
-- until the code is used. So that a code is known to be over by itself: when it was used, or voided by a revocation.
alter table devices add column code_closed_ms integer;
update devices set code_closed_ms = coalesce(enrolled_ms, revoked_ms);
