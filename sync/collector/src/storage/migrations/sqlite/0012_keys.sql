-- The public key that receipts are verified with, by which keys and database are known to belong together.
alter table server add column receipt_key blob check (length(receipt_key) = 32);
