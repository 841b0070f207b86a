-- The changes of agents' keys, in their order. Up to `number` the old keys were in force; the agent's row
-- holds those in force now. Without a rotation: an agent that was restored from a backup made before a
-- change, and came back with an earlier key by a new enrolment code.

CREATE TABLE key_changes (
    dealer_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    number BIGINT NOT NULL,
    old_verify_key BYTEA NOT NULL,
    old_seal_key BYTEA NOT NULL,
    rotation BYTEA,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, agent_id, place),
    FOREIGN KEY (dealer_id, agent_id) REFERENCES agents (dealer_id, id)
);
