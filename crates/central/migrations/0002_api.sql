-- Stock clients: what sends typed messages over TLS with an API key instead of sealing and signing.

ALTER TABLE accounts ADD COLUMN typed_messages BIGINT NOT NULL DEFAULT 0;

-- 'onsite' seals and signs; 'api' does neither, its key columns are zeros, and Central numbers what
-- it sends.
ALTER TABLE agents ADD COLUMN kind TEXT NOT NULL DEFAULT 'onsite';
ALTER TABLE agents ADD COLUMN name TEXT;

-- A digest is computed from the secret, so the secret must be recoverable: it lies sealed under the
-- server key. A revoked key's secret is gone.
CREATE TABLE api_keys (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed_secret BYTEA,
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    used_ms BIGINT,
    revoked_ms BIGINT,
    PRIMARY KEY (dealer_id, id),
    FOREIGN KEY (dealer_id, account_id) REFERENCES accounts (dealer_id, id)
);

-- By what a client's message is known again: its own id for it, and a hash of what it held.
CREATE TABLE api_messages (
    dealer_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    message TEXT NOT NULL,
    content BYTEA NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, agent_id, message),
    FOREIGN KEY (dealer_id, agent_id, number)
        REFERENCES submissions (dealer_id, agent_id, number)
);
