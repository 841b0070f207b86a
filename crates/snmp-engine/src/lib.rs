//! SNMP without I/O: OIDs, values, BER, messages, exchanges, pacing, read queries, recordings.
