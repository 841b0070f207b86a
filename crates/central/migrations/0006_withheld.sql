-- Documents that an agent had not any more when it sent the submission that they belong to. Their
-- leaves' hashes stand in their place, so that its root holds. `leaf` is the place in the submission, or
-- -1 for all of it where not even the leaves' hashes came; `kind` is unknown then, and `hash` the root.
-- `filled_ms` says when the document came after all, with a repeat.
CREATE TABLE withheld (
    dealer_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    leaf BIGINT NOT NULL,
    kind TEXT,
    hash BYTEA NOT NULL,
    reason TEXT NOT NULL,
    received_ms BIGINT NOT NULL,
    filled_ms BIGINT,
    PRIMARY KEY (dealer_id, agent_id, number, leaf),
    FOREIGN KEY (dealer_id, agent_id, number) REFERENCES submissions (dealer_id, agent_id, number)
);

-- How many documents were withheld when the submission first came: the first receipt states it, and so
-- does every repeat of it.
ALTER TABLE submissions ADD COLUMN withheld BIGINT NOT NULL DEFAULT 0;
