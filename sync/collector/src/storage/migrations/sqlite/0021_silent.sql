-- Since when nothing was heard of a kiosk of which programs were told that it is silent; null while it is heard.
alter table devices add column silent_since_ms integer;
