//! Simulated printers: device models on virtual time and the SNMP wire answerer.
