//! The fleet on real sockets: what outside programs read of it, and what its links do.
//!
//! Peers are net-snmp's tools (Debian's `snmp`) and csnmp's client. Where a peer or the recordings
//! are missing, a test says `SKIPPED` on stderr; with `PAGETALLY_REQUIRE_PEERS=1` it fails instead.

mod ask;
mod csnmp_client;
mod links;
mod net_snmp;
mod peers;
mod printout;
mod size;
