-- Registrations under a code that were not sealed with its secret: too many, and the code is dead.

ALTER TABLE enrolment_codes ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
