-- What devices told unasked: the traps and informs that led to a pass. The audit is the one that the
-- pass made of the address, if it made one; through it a notice is its device's.
CREATE TABLE notices (
    dealer_id TEXT NOT NULL,
    pass_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    address TEXT NOT NULL,
    witness TEXT NOT NULL,
    trap TEXT NOT NULL,
    name TEXT,
    repeats BIGINT NOT NULL,
    severity TEXT,
    part_group TEXT,
    code BIGINT,
    code_name TEXT,
    description TEXT,
    audit_id TEXT,
    PRIMARY KEY (dealer_id, pass_id, position),
    FOREIGN KEY (dealer_id, pass_id) REFERENCES passes (dealer_id, id)
);
CREATE INDEX notices_by_audit ON notices (dealer_id, audit_id);
