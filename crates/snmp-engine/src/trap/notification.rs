//! What was told, in one form.

use super::frame::{Told, TrapV1};
use crate::ber::{DecodeError, DecodeErrorKind, Reader, Tolerances};
use crate::message::VarBinds;
use crate::{Oid, Value, VarBind, Version};
use std::net::Ipv4Addr;

/// The most variables of one notification that are kept. printerV2Alert has six, the longest vendor
/// trap that is documented some twenty.
pub const MAX_VARBINDS: usize = 64;

/// sysUpTime.0 (RFC 3418).
const SYS_UP_TIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];
/// snmpTrapOID.0 (RFC 3418).
const SNMP_TRAP_OID: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// snmpTrapEnterprise.0 (RFC 3418).
const SNMP_TRAP_ENTERPRISE: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0];
/// snmpTrapAddress.0 (RFC 3584 section 4, SNMP-COMMUNITY-MIB).
const SNMP_TRAP_ADDRESS: &[u32] = &[1, 3, 6, 1, 6, 3, 18, 1, 3, 0];
/// snmpTrapCommunity.0: a secret, which is never kept.
const SNMP_TRAP_COMMUNITY: &[u32] = &[1, 3, 6, 1, 6, 3, 18, 1, 4, 0];
/// snmpTraps: coldStart is its first (RFC 3418).
const SNMP_TRAPS: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5];
/// prtAlert (RFC 3805): printerV2Alert is `.2.0.1` below it.
const PRT_ALERT: &[u32] = &[1, 3, 6, 1, 2, 1, 43, 18];
/// enterprises (RFC 2578).
const ENTERPRISES: &[u32] = &[1, 3, 6, 1, 4, 1];

/// Whether the sender waits for an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// Told once, whoever hears it.
    Trap,
    /// Told until it is acknowledged.
    Inform,
}

/// What a notification is about, by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// printerV2Alert (RFC 3805), or its v1 form: a row came into prtAlertTable.
    PrinterAlert,
    /// A maker's own, with the maker's enterprise number.
    Vendor(u32),
    /// What every SNMP agent may tell: a start, a link, a wrong community. Our own sweep makes
    /// printers send the last of these, so none of them is a reason to look.
    Standard,
}

/// What a device told unasked, in the form of v2 (RFC 3416 section 4.2.6, RFC 3584 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// The version under which it was told.
    pub version: Version,
    /// Whether its sender waits for an acknowledgement.
    pub kind: NotificationKind,
    /// snmpTrapOID.0: what it is.
    pub trap: Oid,
    /// sysUpTime.0, in hundredths of a second, where it is told.
    pub uptime: Option<u32>,
    /// The enterprise of a v1 trap, or snmpTrapEnterprise.0.
    pub enterprise: Option<Oid>,
    /// agent-addr of a v1 trap, or snmpTrapAddress.0: who is said to have told it. Nobody proves
    /// that, so nothing may rest on it.
    pub agent: Option<Ipv4Addr>,
    /// The other variables, the first [`MAX_VARBINDS`] of them.
    pub varbinds: Vec<VarBind>,
    /// How many more there were.
    pub left_out: usize,
}

impl Notification {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        let arcs = self.trap.arcs();
        if arcs.starts_with(PRT_ALERT) {
            return Subject::PrinterAlert;
        }
        match arcs.strip_prefix(ENTERPRISES) {
            Some([number, ..]) => Subject::Vendor(*number),
            _ => Subject::Standard,
        }
    }

    /// A v1 trap (RFC 3584 section 3.1).
    pub(super) fn from_v1(trap: &TrapV1<'_>) -> Result<Self, DecodeError> {
        let refuse =
            |field| Reader::new(&[], Tolerances::ALL).error(field, DecodeErrorKind::NumberRange);
        let enterprise = trap.enterprise.to_oid();
        let name = match u32::try_from(trap.generic) {
            // enterpriseSpecific.
            Ok(6) => {
                let specific = u32::try_from(trap.specific).map_err(|_| refuse("specific-trap"))?;
                if enterprise.arcs().len() + 2 > Oid::MAX_ARCS {
                    return Err(refuse("enterprise"));
                }
                enterprise.child(&[0, specific])
            }
            Ok(generic) => Oid::default().child(SNMP_TRAPS).child(&[generic + 1]),
            Err(_) => return Err(refuse("generic-trap")),
        };
        let mut told = Self {
            version: Version::V1,
            kind: NotificationKind::Trap,
            trap: name,
            uptime: trap.uptime,
            enterprise: Some(enterprise),
            agent: trap.agent.filter(|address| !address.is_unspecified()),
            varbinds: Vec::new(),
            left_out: 0,
        };
        for varbind in trap.varbinds.clone() {
            told.keep(varbind?.to_varbind());
        }
        Ok(told)
    }

    /// A trap or inform of v2c or v3.
    ///
    /// The first two variables should be sysUpTime.0 and snmpTrapOID.0; devices are known that
    /// shuffle them, so they are found by their names.
    pub(super) fn from_v2(
        version: Version,
        kind: NotificationKind,
        varbinds: VarBinds<'_>,
    ) -> Result<Self, DecodeError> {
        let mut told = Self {
            version,
            kind,
            trap: Oid::default(),
            uptime: None,
            enterprise: None,
            agent: None,
            varbinds: Vec::new(),
            left_out: 0,
        };
        let mut named = false;
        for varbind in varbinds {
            let VarBind { oid, value } = varbind?.to_varbind();
            match (oid.arcs(), value) {
                (SYS_UP_TIME, Value::TimeTicks(ticks)) if told.uptime.is_none() => {
                    told.uptime = Some(ticks);
                }
                (SNMP_TRAP_OID, Value::ObjectIdentifier(name)) if !named => {
                    told.trap = name;
                    named = true;
                }
                (SNMP_TRAP_ENTERPRISE, Value::ObjectIdentifier(name)) => {
                    told.enterprise = Some(name);
                }
                (SNMP_TRAP_ADDRESS, Value::IpAddress(address)) => {
                    told.agent = Some(address).filter(|address| !address.is_unspecified());
                }
                (SNMP_TRAP_COMMUNITY, _) => {}
                (_, value) => told.keep(VarBind { oid, value }),
            }
        }
        if named {
            Ok(told)
        } else {
            let kind = DecodeErrorKind::Truncated(1);
            Err(Reader::new(&[], Tolerances::ALL).error("snmpTrapOID.0", kind))
        }
    }

    fn keep(&mut self, varbind: VarBind) {
        if self.varbinds.len() < MAX_VARBINDS {
            self.varbinds.push(varbind);
        } else {
            self.left_out += 1;
        }
    }
}

/// What a PDU tells, if it tells something.
pub(super) fn notification(
    version: Version,
    told: &Told<'_>,
) -> Result<Option<Notification>, DecodeError> {
    match told {
        Told::V1(trap) => Notification::from_v1(trap).map(Some),
        Told::Trap(varbinds) => {
            Notification::from_v2(version, NotificationKind::Trap, varbinds.clone()).map(Some)
        }
        Told::Inform { varbinds, .. } => {
            Notification::from_v2(version, NotificationKind::Inform, varbinds.clone()).map(Some)
        }
        Told::Other => Ok(None),
    }
}
