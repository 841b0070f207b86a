//! Writes traps and informs, for whoever plays a device.

use super::notification::NotificationKind;
use crate::ber::{Writer, tag};
use crate::message::v3::Outgoing;
use crate::message::{finish, pdu_tag, wrap_pdu, write_variables};
use crate::usm::LocalKeys;
use crate::{Oid, Value, VarBind, Version};
use std::net::Ipv4Addr;

/// A trap or inform of SNMPv2c or v3, as a device sends it (RFC 3416 sections 4.2.6 and 4.2.7).
#[derive(Clone, Copy, Debug)]
pub struct TrapPdu<'a> {
    /// A secret.
    pub community: &'a [u8],
    /// Whether it is to be acknowledged.
    pub kind: NotificationKind,
    /// What an acknowledgement will be known by.
    pub id: u32,
    /// sysUpTime.0, in hundredths of a second.
    pub uptime: u32,
    /// snmpTrapOID.0.
    pub trap: &'a Oid,
    /// The other variables.
    pub varbinds: &'a [VarBind],
}

impl TrapPdu<'_> {
    /// It as a datagram.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write(&mut writer);
        finish(writer, Version::V2c, self.community)
    }

    /// It as a datagram of SNMPv3, without its community; nothing where the keys cannot protect it as
    /// the message's level says.
    pub fn encode_v3(&self, message: &Outgoing<'_>, keys: &LocalKeys) -> Option<Vec<u8>> {
        message.encode_with(keys, |writer| self.write(writer))
    }

    fn write(&self, writer: &mut Writer) {
        let first = [
            VarBind {
                oid: Oid::default().child(&[1, 3, 6, 1, 2, 1, 1, 3, 0]),
                value: Value::TimeTicks(self.uptime),
            },
            VarBind {
                oid: Oid::default().child(&[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]),
                value: Value::ObjectIdentifier(self.trap.clone()),
            },
        ];
        write_variables(writer, self.varbinds);
        write_variables(writer, &first);
        let pdu = match self.kind {
            NotificationKind::Inform => pdu_tag::INFORM,
            NotificationKind::Trap => pdu_tag::TRAP_V2,
        };
        let fields = [i64::from(self.id), 0, 0];
        wrap_pdu(writer, pdu, fields);
    }
}

/// An SNMPv1 trap, as a device sends it (RFC 1157 section 4.1.6).
#[derive(Clone, Copy, Debug)]
pub struct TrapV1Pdu<'a> {
    /// A secret.
    pub community: &'a [u8],
    /// Whose trap it is.
    pub enterprise: &'a Oid,
    /// agent-addr.
    pub agent: Ipv4Addr,
    /// generic-trap; 6 for one of the enterprise's own.
    pub generic: u8,
    /// specific-trap.
    pub specific: u32,
    /// time-stamp, in hundredths of a second.
    pub uptime: u32,
    /// The variables.
    pub varbinds: &'a [VarBind],
}

impl TrapV1Pdu<'_> {
    /// It as a datagram.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        write_variables(&mut writer, self.varbinds);
        writer.wrap(tag::SEQUENCE, 0);
        writer.unsigned(tag::TIME_TICKS, u64::from(self.uptime));
        writer.signed(tag::INTEGER, i64::from(self.specific));
        writer.signed(tag::INTEGER, i64::from(self.generic));
        writer.field(tag::IP_ADDRESS, &self.agent.octets());
        writer.oid(self.enterprise);
        writer.wrap(pdu_tag::TRAP_V1, 0);
        finish(writer, Version::V1, self.community)
    }
}
