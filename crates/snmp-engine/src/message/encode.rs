//! Writes requests, and responses for whoever plays a device.

use super::pdu_tag;
use crate::ber::{Writer, tag};
use crate::{Oid, Value, VarBind, Version};

/// What a request asks. There is no SET: nothing here can change a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Exactly these instances.
    Get,
    /// Up to `max_repetitions` instances behind each name (v2c only).
    GetBulk {
        /// How many instances behind each name.
        max_repetitions: u16,
    },
    /// A GETBULK that wants one instance behind each of the first names, and up to
    /// `max_repetitions` behind each of the others (v2c only).
    GetBulkMixed {
        /// How many names come first.
        non_repeaters: u16,
        /// How many instances behind each of the others.
        max_repetitions: u16,
    },
    /// The next instance behind each name.
    GetNext,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The version to send it under: v1, or else v2c. For SNMPv3 there is [`v3`](super::v3).
    pub version: Version,
    /// The community: a secret.
    pub community: &'a [u8],
    /// What it asks.
    pub kind: RequestKind,
    /// What the response will be known by.
    pub id: u32,
    /// The names.
    pub names: &'a [Oid],
}

impl Request<'_> {
    /// The request as a datagram.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_names(self.names.iter())
    }

    /// The request as a datagram, with these names for its own.
    pub(crate) fn encode_names<'o>(
        &self,
        names: impl DoubleEndedIterator<Item = &'o Oid>,
    ) -> Vec<u8> {
        let mut writer = Writer::with_room();
        write_request(&mut writer, self.kind, self.id, names);
        finish(writer, self.version, self.community)
    }
}

/// Writes a request's PDU at the writer's beginning.
pub(crate) fn write_request<'o>(
    writer: &mut Writer,
    kind: RequestKind,
    id: u32,
    names: impl DoubleEndedIterator<Item = &'o Oid>,
) {
    let (pdu, once, repetitions) = match kind {
        RequestKind::Get => (pdu_tag::GET, 0, 0),
        RequestKind::GetBulk { max_repetitions } => (pdu_tag::GET_BULK, 0, max_repetitions),
        RequestKind::GetBulkMixed {
            non_repeaters,
            max_repetitions,
        } => (pdu_tag::GET_BULK, non_repeaters, max_repetitions),
        RequestKind::GetNext => (pdu_tag::GET_NEXT, 0, 0),
    };
    for name in names.rev() {
        let mark = writer.mark();
        writer.field(tag::NULL, &[]);
        writer.oid(name);
        writer.wrap(tag::SEQUENCE, mark);
    }
    let fields = [i64::from(id), i64::from(once), i64::from(repetitions)];
    wrap_pdu(writer, pdu, fields);
}

/// A response, as a device sends it.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The version of the request.
    pub version: Version,
    /// The community of the request.
    pub community: &'a [u8],
    /// The request's id.
    pub id: i64,
    /// error-status.
    pub error_status: i64,
    /// error-index, counted from 1.
    pub error_index: i64,
    /// The variables.
    pub varbinds: &'a [VarBind],
}

impl Response<'_> {
    /// The response as a datagram.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        write_variables(&mut writer, self.varbinds);
        let fields = [self.id, self.error_status, self.error_index];
        wrap_pdu(&mut writer, pdu_tag::RESPONSE, fields);
        finish(writer, self.version, self.community)
    }
}

/// Writes variables at the writer's beginning.
pub(crate) fn write_variables(writer: &mut Writer, varbinds: &[VarBind]) {
    for varbind in varbinds.iter().rev() {
        let mark = writer.mark();
        write_value(writer, &varbind.value);
        writer.oid(&varbind.oid);
        writer.wrap(tag::SEQUENCE, mark);
    }
}

/// Makes a PDU of the variables that are all that was written.
pub(crate) fn wrap_pdu(writer: &mut Writer, pdu: u8, [id, first, second]: [i64; 3]) {
    writer.wrap(tag::SEQUENCE, 0);
    writer.signed(tag::INTEGER, second);
    writer.signed(tag::INTEGER, first);
    writer.signed(tag::INTEGER, id);
    writer.wrap(pdu, 0);
}

pub(crate) fn finish(mut writer: Writer, version: Version, community: &[u8]) -> Vec<u8> {
    writer.field(tag::OCTET_STRING, community);
    let version = version.min(Version::V2c); // What has a community is no v3 message.
    writer.signed(tag::INTEGER, i64::from(version.number()));
    writer.wrap(tag::SEQUENCE, 0);
    writer.finish()
}

fn write_value(writer: &mut Writer, value: &Value) {
    match value {
        Value::Integer(number) => writer.signed(tag::INTEGER, *number),
        Value::OctetString(octets) => writer.field(tag::OCTET_STRING, octets),
        Value::Null => writer.field(tag::NULL, &[]),
        Value::ObjectIdentifier(oid) => writer.oid(oid),
        Value::IpAddress(address) => writer.field(tag::IP_ADDRESS, &address.octets()),
        Value::Counter32(number) => writer.unsigned(tag::COUNTER32, u64::from(*number)),
        Value::Gauge32(number) => writer.unsigned(tag::GAUGE32, u64::from(*number)),
        Value::TimeTicks(number) => writer.unsigned(tag::TIME_TICKS, u64::from(*number)),
        Value::Opaque(octets) => writer.field(tag::OPAQUE, octets),
        Value::Counter64(number) => writer.unsigned(tag::COUNTER64, *number),
        Value::NoSuchObject => writer.field(tag::NO_SUCH_OBJECT, &[]),
        Value::NoSuchInstance => writer.field(tag::NO_SUCH_INSTANCE, &[]),
        Value::EndOfMibView => writer.field(tag::END_OF_MIB_VIEW, &[]),
    }
}
