-- The signature on each submission's receipt, and the name of Central's key that made it. Nothing in
-- rows of a Central that did not sign yet: they are signed when they are asked for again.

ALTER TABLE submissions ADD COLUMN receipt_key TEXT;
ALTER TABLE submissions ADD COLUMN receipt_signature BYTEA;

-- The public half that receipts are checked with. It stays when the key is destroyed.
ALTER TABLE central_keys ADD COLUMN verify_key BYTEA;
