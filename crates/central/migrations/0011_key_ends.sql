-- Central's keys are replaced: each that another has taken the place of is destroyed at a time. The one
-- without such a time is in force.

ALTER TABLE central_keys ADD COLUMN ends_ms BIGINT;
ALTER TABLE central_keys ADD COLUMN destroyed_ms BIGINT;
