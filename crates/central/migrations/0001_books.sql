-- Central's books, in the SQL that SQLite and PostgreSQL both understand.
--
-- Ids are 32 hexadecimal digits, instants are milliseconds since 1970 in UTC, hashes and sealed
-- values are bytes. The dealer's id stands first in every key: no query can cross it by mistake.

CREATE TABLE dealers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    audit_sequence BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE users (
    dealer_id TEXT NOT NULL REFERENCES dealers (id),
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, login)
);

CREATE TABLE sessions (
    dealer_id TEXT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    login TEXT NOT NULL,
    csrf TEXT NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, token_hash),
    FOREIGN KEY (dealer_id, login) REFERENCES users (dealer_id, login)
);

-- Central's own HPKE key pairs; the private half is sealed under the server key.
CREATE TABLE central_keys (
    dealer_id TEXT NOT NULL REFERENCES dealers (id),
    id TEXT NOT NULL UNIQUE,
    sealed_seed BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, id)
);

CREATE TABLE accounts (
    dealer_id TEXT NOT NULL REFERENCES dealers (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, id),
    UNIQUE (dealer_id, name)
);

CREATE TABLE sites (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, id),
    UNIQUE (dealer_id, account_id, name),
    FOREIGN KEY (dealer_id, account_id) REFERENCES accounts (dealer_id, id)
);

-- Every version that was ever set; the highest is in force. Sealed: communities are passwords.
-- The time zone stands beside it because pages need it without opening the seal.
CREATE TABLE settings (
    dealer_id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    time_zone TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    changed_by TEXT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, site_id, version),
    FOREIGN KEY (dealer_id, site_id) REFERENCES sites (dealer_id, id)
);

CREATE TABLE enrolment_codes (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    site_id TEXT NOT NULL,
    sealed_secret BYTEA NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT,
    used_by TEXT,
    PRIMARY KEY (dealer_id, id),
    FOREIGN KEY (dealer_id, site_id) REFERENCES sites (dealer_id, id)
);

CREATE TABLE agents (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    site_id TEXT NOT NULL,
    verify_key BYTEA NOT NULL,
    seal_key BYTEA NOT NULL,
    status TEXT NOT NULL,
    registered_ms BIGINT NOT NULL,
    last_seen_ms BIGINT NOT NULL,
    agent_version TEXT NOT NULL,
    settings_version BIGINT,
    head_number BIGINT NOT NULL,
    head_hash BYTEA NOT NULL,
    gap_expected BIGINT,
    gap_offered BIGINT,
    gap_ms BIGINT,
    PRIMARY KEY (dealer_id, id),
    FOREIGN KEY (dealer_id, site_id) REFERENCES sites (dealer_id, id)
);

-- One row for every number that an agent has used up. The receipt is made of this row alone, so a
-- repeat is answered with the first receipt, byte for byte. `kept_report` holds what a rejected
-- submission carried, since its documents are in no other table.
CREATE TABLE submissions (
    dealer_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL,
    content BYTEA NOT NULL,
    header_hash BYTEA NOT NULL,
    header BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT,
    leaves BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    repeats BIGINT NOT NULL,
    kept_report BYTEA,
    PRIMARY KEY (dealer_id, agent_id, number),
    FOREIGN KEY (dealer_id, agent_id) REFERENCES agents (dealer_id, id)
);

-- A second content under a number that is taken: kept whole, never merged into the books.
CREATE TABLE forks (
    dealer_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    content BYTEA NOT NULL,
    header_hash BYTEA NOT NULL,
    header BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    kept_report BYTEA NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, agent_id, number, header_hash),
    FOREIGN KEY (dealer_id, agent_id) REFERENCES agents (dealer_id, id)
);

-- One row a device: its identity as last stated, and the latest audit's state, so that a fleet is
-- listed, sorted and paged by one query.
CREATE TABLE devices (
    dealer_id TEXT NOT NULL REFERENCES dealers (id),
    id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    rule_version BIGINT NOT NULL,
    merged_into TEXT,
    created_ms BIGINT NOT NULL,
    latest_audit TEXT,
    manufacturer TEXT,
    model TEXT,
    serial TEXT,
    mac TEXT,
    hostname TEXT,
    location TEXT,
    firmware TEXT,
    address TEXT,
    printer_state TEXT,
    device_state TEXT,
    sequence BIGINT,
    pass_id TEXT,
    read_ms BIGINT,
    received_ms BIGINT,
    total BIGINT,
    mono BIGINT,
    color BIGINT,
    worst_supply BIGINT,
    worst_rank BIGINT,
    alerts BIGINT,
    critical_alerts BIGINT,
    PRIMARY KEY (dealer_id, id),
    FOREIGN KEY (dealer_id, site_id) REFERENCES sites (dealer_id, id)
);

CREATE INDEX devices_by_site ON devices (dealer_id, site_id);

-- What a device was recognised by. `scope` is a site for what is unique only within one.
CREATE TABLE device_evidence (
    dealer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    device_id TEXT NOT NULL,
    PRIMARY KEY (dealer_id, kind, scope, value),
    FOREIGN KEY (dealer_id, device_id) REFERENCES devices (dealer_id, id)
);

-- Every assignment that a rule or a person made; undoing is an event too.
CREATE TABLE device_events (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    device_id TEXT NOT NULL,
    other_device_id TEXT,
    rule_version BIGINT NOT NULL,
    detail TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    undone_by TEXT,
    PRIMARY KEY (dealer_id, id),
    FOREIGN KEY (dealer_id, device_id) REFERENCES devices (dealer_id, id)
);

CREATE TABLE device_event_audits (
    dealer_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (dealer_id, event_id, audit_id),
    FOREIGN KEY (dealer_id, event_id) REFERENCES device_events (dealer_id, id)
);

-- `sequence` is the order in which Central took audits in: it, and no clock, decides what is latest.
CREATE TABLE audits (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    device_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    leaf BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    pass_id TEXT NOT NULL,
    document BYTEA NOT NULL,
    read_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, id),
    UNIQUE (dealer_id, sequence),
    UNIQUE (dealer_id, agent_id, number, leaf),
    FOREIGN KEY (dealer_id, device_id) REFERENCES devices (dealer_id, id),
    FOREIGN KEY (dealer_id, agent_id, number)
        REFERENCES submissions (dealer_id, agent_id, number)
);

CREATE INDEX audits_by_device ON audits (dealer_id, device_id, sequence);

CREATE TABLE passes (
    dealer_id TEXT NOT NULL,
    id TEXT NOT NULL,
    site_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    leaf BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    document BYTEA NOT NULL,
    settings_version BIGINT NOT NULL,
    agent_version TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, id),
    UNIQUE (dealer_id, agent_id, number, leaf),
    FOREIGN KEY (dealer_id, agent_id, number)
        REFERENCES submissions (dealer_id, agent_id, number)
);

CREATE INDEX passes_by_site ON passes (dealer_id, site_id, received_ms, number);

CREATE TABLE observations (
    dealer_id TEXT NOT NULL,
    pass_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    first_address TEXT NOT NULL,
    last_address TEXT NOT NULL,
    addresses BIGINT NOT NULL,
    name TEXT,
    outcome TEXT NOT NULL,
    detail TEXT,
    audit_id TEXT,
    witness TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, pass_id, position),
    FOREIGN KEY (dealer_id, pass_id) REFERENCES passes (dealer_id, id)
);

CREATE TABLE meters (
    dealer_id TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    function TEXT NOT NULL,
    color TEXT NOT NULL,
    size TEXT NOT NULL,
    sides TEXT NOT NULL,
    unit TEXT NOT NULL,
    value BIGINT NOT NULL,
    exactness TEXT NOT NULL,
    rule_name TEXT NOT NULL,
    rule_version BIGINT NOT NULL,
    PRIMARY KEY (dealer_id, audit_id, position),
    FOREIGN KEY (dealer_id, audit_id) REFERENCES audits (dealer_id, id)
);

CREATE TABLE supplies (
    dealer_id TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    slot TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    colorant TEXT,
    state TEXT NOT NULL,
    percent BIGINT,
    amount BIGINT,
    level_capacity BIGINT,
    exactness TEXT NOT NULL,
    measures TEXT NOT NULL,
    unit TEXT NOT NULL,
    capacity BIGINT,
    part_number TEXT,
    serial TEXT,
    PRIMARY KEY (dealer_id, audit_id, position),
    FOREIGN KEY (dealer_id, audit_id) REFERENCES audits (dealer_id, id)
);

CREATE TABLE alerts (
    dealer_id TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    slot TEXT NOT NULL,
    severity TEXT NOT NULL,
    part_group TEXT,
    code BIGINT,
    code_name TEXT,
    description TEXT,
    PRIMARY KEY (dealer_id, audit_id, position),
    FOREIGN KEY (dealer_id, audit_id) REFERENCES audits (dealer_id, id)
);
