//! Reads a message without copying it.

use super::pdu_tag;
use super::value::{ValueRef, VarBindRef};
use crate::Version;
use crate::ber::{
    DecodeError, DecodeErrorKind, OidRef, Reader, Tolerances, Tolerated, short_field, tag,
};

/// The longest datagram that is read: the most that UDP over IPv4 carries.
pub const MAX_DATAGRAM: usize = 65_507;

/// What a PDU asks or tells (RFC 3416 section 3). Set requests are not read; v1 traps, which are made
/// otherwise, by [`trap`](crate::trap) alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PduKind {
    /// GetRequest.
    Get,
    /// GetBulkRequest: the error fields are non-repeaters and max-repetitions.
    GetBulk,
    /// GetNextRequest.
    GetNext,
    /// InformRequest.
    Inform,
    /// Report (SNMPv3 only).
    Report,
    /// Response.
    Response,
    /// SNMPv2-Trap.
    TrapV2,
}

impl PduKind {
    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            pdu_tag::GET => Self::Get,
            pdu_tag::GET_NEXT => Self::GetNext,
            pdu_tag::RESPONSE => Self::Response,
            pdu_tag::GET_BULK => Self::GetBulk,
            pdu_tag::INFORM => Self::Inform,
            pdu_tag::TRAP_V2 => Self::TrapV2,
            pdu_tag::REPORT => Self::Report,
            _ => return None,
        })
    }
}

/// A message whose frame is read; its variables are still to be decoded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The version that it was sent under.
    pub version: Version,
    /// The community: a secret.
    pub community: &'a [u8],
    /// What it asks or tells.
    pub kind: PduKind,
    /// The request that it is, or answers.
    pub request_id: i64,
    /// error-status, or non-repeaters of a GETBULK.
    pub error_status: i64,
    /// error-index, or max-repetitions of a GETBULK.
    pub error_index: i64,
    /// The variables.
    pub varbinds: VarBinds<'a>,
}

impl<'a> Message<'a> {
    /// Reads the frame of a message, accepting the mistakes that [`Tolerances::ALL`] names.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are no such message.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_with(bytes, Tolerances::ALL)
    }

    /// Reads the frame of a message.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] where the bytes are no such message.
    pub fn decode_with(bytes: &'a [u8], tolerances: Tolerances) -> Result<Self, DecodeError> {
        let (mut message, version, community) = enter_message(bytes, tolerances)?;
        let (kind, pdu) = read_pdu(&mut message)?;
        message.finish("Message")?;
        let tolerated = message.tolerated().union(pdu.tolerated);
        Ok(Self {
            version,
            community,
            kind,
            request_id: pdu.request_id,
            error_status: pdu.error_status,
            error_index: pdu.error_index,
            varbinds: VarBinds {
                tolerated,
                ..pdu.varbinds
            },
        })
    }
}

/// Enters a community-based message: the reader stands before its PDU.
pub(crate) fn enter_message(
    bytes: &[u8],
    tolerances: Tolerances,
) -> Result<(Reader<'_>, Version, &[u8]), DecodeError> {
    let mut datagram = Reader::new(bytes, tolerances);
    if bytes.len() > MAX_DATAGRAM {
        let kind = DecodeErrorKind::DatagramTooLong(MAX_DATAGRAM);
        return Err(datagram.error("datagram", kind));
    }
    let mut message = datagram.enter("Message", tag::SEQUENCE)?;
    datagram.finish("datagram")?;
    let version = match message.integer("version")? {
        0 => Version::V1,
        1 => Version::V2c,
        other => return Err(message.error("version", DecodeErrorKind::Version(other))),
    };
    let community = message.octets("community")?;
    Ok((message, version, community))
}

/// The fields that all PDUs but the v1 trap share.
pub(crate) struct Pdu<'a> {
    pub(crate) request_id: i64,
    pub(crate) error_status: i64,
    pub(crate) error_index: i64,
    pub(crate) varbinds: VarBinds<'a>,
    tolerated: Tolerated,
}

pub(crate) fn read_pdu<'a>(around: &mut Reader<'a>) -> Result<(PduKind, Pdu<'a>), DecodeError> {
    let Some(found) = around.peek() else {
        return Err(around.error("PDU", DecodeErrorKind::Truncated(2)));
    };
    let Some(kind) = PduKind::from_tag(found) else {
        return Err(around.error("PDU", DecodeErrorKind::UnexpectedTag(found)));
    };
    let mut reader = around.enter("PDU", found)?;
    let request_id = reader.integer("request-id")?;
    let error_status = reader.integer("error-status")?;
    let error_index = reader.integer("error-index")?;
    let varbinds = reader.enter("variable-bindings", tag::SEQUENCE)?;
    reader.finish("PDU")?;
    let pdu = Pdu {
        request_id,
        error_status,
        error_index,
        varbinds: VarBinds::new(varbinds),
        tolerated: reader.tolerated(),
    };
    Ok((kind, pdu))
}

/// The variables of a message, decoded one by one. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct VarBinds<'a> {
    reader: Reader<'a>,
    tolerated: Tolerated,
}

impl<'a> VarBinds<'a> {
    /// The variables that `reader` stands before.
    pub(crate) fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            tolerated: Tolerated::default(),
        }
    }
}

impl VarBinds<'_> {
    /// The mistakes that were met and accepted so far, in the frame and in the variables.
    pub fn tolerated(&self) -> Tolerated {
        self.tolerated
    }

    /// Whether there is nothing more.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// How many there probably are: most take some twenty octets.
    pub(crate) fn len_hint(&self) -> usize {
        self.reader.rest().len() / 18
    }
}

impl<'a> VarBinds<'a> {
    /// The value of the next variable, and what the variable takes in the datagram, if it has this name,
    /// which is a checked one as it stands in a datagram.
    pub(crate) fn next_named(&mut self, name: &[u8]) -> Option<(ValueRef<'a>, usize)> {
        if let Some(usual) = self.reader.usual_named(name) {
            return Some(usual);
        }
        let varbind = self.next()?.ok()?;
        (varbind.name.octets() == name).then_some((varbind.value, varbind.wire_len))
    }

    fn read(&mut self) -> Result<VarBindRef<'a>, DecodeError> {
        if let Some(usual) = self.reader.usual_varbind() {
            return Ok(usual);
        }
        let start = self.reader.offset();
        let mut varbind = self.reader.enter("VarBind", tag::SEQUENCE)?;
        let name = varbind.oid("name")?;
        let value = ValueRef::read(&mut varbind)?;
        varbind.finish("VarBind")?;
        self.tolerated = self.tolerated.union(varbind.tolerated());
        Ok(VarBindRef {
            name,
            value,
            wire_len: self.reader.offset() - start,
        })
    }
}

impl<'a> Reader<'a> {
    /// A variable as nearly all are: each length in one octet, nothing that needs a tolerance. Where it
    /// is not, nothing is taken.
    fn usual_varbind(&mut self) -> Option<VarBindRef<'a>> {
        let (name, value, rest) = self.usual_fields()?;
        let name = OidRef::check(name)?;
        let wire_len = self.rest().len() - rest.len();
        self.skip_to(rest);
        Some(VarBindRef {
            name,
            value,
            wire_len,
        })
    }

    /// The value of a variable as nearly all are, if it has this name.
    fn usual_named(&mut self, expected: &[u8]) -> Option<(ValueRef<'a>, usize)> {
        let (name, value, rest) = self.usual_fields()?;
        if name != expected {
            return None;
        }
        let wire_len = self.rest().len() - rest.len();
        self.skip_to(rest);
        Some((value, wire_len))
    }

    /// The name, unchecked, and the value of a variable as nearly all are, and what follows it.
    fn usual_fields(&self) -> Option<(&'a [u8], ValueRef<'a>, &'a [u8])> {
        let (tag::SEQUENCE, varbind, rest) = short_field(self.rest())? else {
            return None;
        };
        let (tag::OBJECT_IDENTIFIER, name, behind) = short_field(varbind)? else {
            return None;
        };
        let (tag, content, []) = short_field(behind)? else {
            return None;
        };
        Some((name, ValueRef::usual(tag, content)?, rest))
    }
}

impl<'a> Iterator for VarBinds<'a> {
    type Item = Result<VarBindRef<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let varbind = self.read();
        if varbind.is_err() {
            self.reader = Reader::new(&[], Tolerances::ALL);
        }
        Some(varbind)
    }
}
