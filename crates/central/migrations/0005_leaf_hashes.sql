-- The hashes of a submission's leaves in their order, 32 bytes each, so that one audit can be proved
-- without the others, also when others have been erased. NULL where an earlier version booked it.
ALTER TABLE submissions ADD COLUMN leaf_hashes BYTEA;
