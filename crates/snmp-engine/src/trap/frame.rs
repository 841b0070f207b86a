//! The frame of a notification under a community.

use crate::Version;
use crate::ber::{DecodeError, DecodeErrorKind, OidRef, Reader, Tolerances, tag};
use crate::message::{PduKind, VarBinds, enter_message, pdu_tag, read_pdu};
use std::net::Ipv4Addr;

/// A message that tells something, its variables still to be decoded.
#[derive(Clone, Debug)]
pub(super) struct Frame<'a> {
    pub(super) version: Version,
    /// A secret.
    pub(super) community: &'a [u8],
    pub(super) told: Told<'a>,
}

/// What a PDU tells.
#[derive(Clone, Debug)]
pub(super) enum Told<'a> {
    V1(TrapV1<'a>),
    Trap(VarBinds<'a>),
    Inform {
        request_id: i64,
        varbinds: VarBinds<'a>,
    },
    /// A request, a response or a report: nothing that is heard here.
    Other,
}

/// Trap-PDU (RFC 1157 section 4.1.6).
#[derive(Clone, Debug)]
pub(super) struct TrapV1<'a> {
    pub(super) enterprise: OidRef<'a>,
    /// agent-addr, where it has the length of an address.
    pub(super) agent: Option<Ipv4Addr>,
    pub(super) generic: i64,
    pub(super) specific: i64,
    pub(super) uptime: Option<u32>,
    pub(super) varbinds: VarBinds<'a>,
}

impl<'a> Frame<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut message, version, community) = enter_message(bytes, Tolerances::ALL)?;
        let told = if message.peek() == Some(pdu_tag::TRAP_V1) {
            Told::V1(TrapV1::read(&mut message)?)
        } else {
            Told::read(&mut message)?
        };
        message.finish("Message")?;
        Ok(Self {
            version,
            community,
            told,
        })
    }
}

impl<'a> Told<'a> {
    /// Reads one of the PDUs that v2c and v3 share.
    pub(super) fn read(around: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let (kind, pdu) = read_pdu(around)?;
        Ok(match kind {
            PduKind::TrapV2 => Self::Trap(pdu.varbinds),
            PduKind::Inform => Self::Inform {
                request_id: pdu.request_id,
                varbinds: pdu.varbinds,
            },
            _ => Self::Other,
        })
    }
}

impl<'a> TrapV1<'a> {
    fn read(message: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut reader = message.enter("Trap-PDU", pdu_tag::TRAP_V1)?;
        let enterprise = reader.oid("enterprise")?;
        let agent = match reader.expect("agent-addr", tag::IP_ADDRESS)? {
            [a, b, c, d] => Some(Ipv4Addr::new(*a, *b, *c, *d)),
            _ => None,
        };
        let generic = reader.integer("generic-trap")?;
        let specific = reader.integer("specific-trap")?;
        let uptime = read_ticks(&mut reader)?;
        let varbinds = reader.enter("variable-bindings", tag::SEQUENCE)?;
        reader.finish("Trap-PDU")?;
        if !(0..=6).contains(&generic) {
            return Err(reader.error("generic-trap", DecodeErrorKind::NumberRange));
        }
        Ok(Self {
            enterprise,
            agent,
            generic,
            specific,
            uptime,
            varbinds: VarBinds::new(varbinds),
        })
    }
}

fn read_ticks(reader: &mut Reader<'_>) -> Result<Option<u32>, DecodeError> {
    const FIELD: &str = "time-stamp";
    let content = reader.expect(FIELD, tag::TIME_TICKS)?;
    let ticks = reader.unsigned(FIELD, content, 4)?;
    Ok(ticks.and_then(|ticks| match ticks {
        crate::ber::Unsigned::Number(number) => u32::try_from(number).ok(),
        crate::ber::Unsigned::Negative(_) => None,
    }))
}
