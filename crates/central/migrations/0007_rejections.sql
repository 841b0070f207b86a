-- Which document of a submission was rejected, where it was one.
ALTER TABLE submissions ADD COLUMN rejected_document TEXT;
