//! What devices tell unasked. It says that something happened; what is the matter, the audit that
//! follows says.

use crate::{Alert, Text, Timestamp, Witness};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A trap or inform that led to the reading of its device.
///
/// Of a maker's own trap only the name is kept: what such traps carry besides is no closed list of
/// fields, and some carry the names of jobs and people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrapNotice {
    /// When the first of them came, on the agent's wall clock.
    pub at: Timestamp,
    /// The address that it came from.
    pub from: IpAddr,
    /// The version of SNMP that it came over. Only that of SNMPv3 proves its sender.
    pub witness: Witness,
    /// snmpTrapOID (RFC 3418), dotted; of a v1 trap as RFC 3584 section 3.1 forms it.
    pub trap: Text,
    /// What its MIB calls it, where a standard does: `printerV2Alert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// How many more of this name came before the device was read.
    pub repeats: u64,
    /// The row of prtAlertTable that a printerV2Alert tells of, as far as it does (RFC 3805).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<Alert>,
}
